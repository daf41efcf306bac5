'use strict';

// What many hosts share, over a Redis server of this test's own. Needs `redis-server`, as of Debian's package; with REDIS=1
// it must be there.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const { getEventListeners } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { describe, test } = require('node:test');
const Redis = require('ioredis');
const { RedisKeeper } = require('../lib/redis/keeper.js');
const { Lead } = require('../lib/sharing/leader.js');
const { freePort, gone, root, scratch, startOurs, until, write } = require('./support.js');

const isThere = spawnSync('redis-server', ['--version']).status === 0;
const skip = isThere || process.env.REDIS ? false : 'redis-server is missing: apt-get install redis-server';
const limit = { timeout: 120_000, skip };
const repository = path.resolve(__dirname, '..');
const found = {
  'rate-limit': path.join(root, 'adapters', 'rate-limit'),
  session: path.join(root, 'adapters', 'session'),
  'express-session': path.join(repository, 'node_modules', 'express-session'),
};

/** A server that keeps what it has acknowledged, also when it is killed. */
async function startServer(t, port) {
  const folder = scratch(t);
  port ??= await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
  args.push('--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--notify-keyspace-events', 'Exe');
  let child;
  const server = {
    port,
    async start() {
      child = spawn('redis-server', args, { stdio: 'ignore' });
      server.pid = child.pid;
      await until(() => canConnect(port), 'a Redis server');
    },
    async kill() {
      child.kill('SIGKILL');
      await gone([child.pid]);
    },
  };
  t.after(() => server.kill());
  await server.start();
  return server;
}

function canConnect(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/**
 * The text of a program that begins with `connection`, over one of the two packages. `tools` has more: `library` is the package;
 * `client` and `connect` make another client, or connection; `command` asks the server; `found` has files.
 */
function withConnection(name, port, source) {
  const file = JSON.stringify(path.join(repository, 'node_modules', name));
  const [client, send] =
    name === 'redis'
      ? [`library.createClient({ url: 'redis://127.0.0.1:${port}', ...options })`, 'one.sendCommand(words)']
      : [`new library({ port: ${port}, host: '127.0.0.1', lazyConnect: true, ...options })`, 'one.call(...words)'];
  return `'use strict';
    const cluster = require('cluster');
    const assert = require('assert');
    const found = ${JSON.stringify(found)};
    const library = require(${file});
    const client = (options) => ${client};
    const connect = (options) => cluster.connect({ redis: client(options) });
    const command = async (...words) => {
      const one = client();
      await one.connect();
      return ${send}.finally(() => one.disconnect());
    };
    (${source})(cluster, assert, connect(), { library, client, connect, command, found });`;
}

/** What the server says to a command. */
async function ask({ port }, ...words) {
  const client = new Redis({ port, host: '127.0.0.1', keyPrefix: '' });
  try {
    return await client.call(...words);
  } finally {
    client.disconnect();
  }
}

/** A way to a server that can stall, and be cut. */
async function startProxy(t, { port }) {
  const sockets = new Set();
  const proxy = { isCut: false };
  const server = net.createServer((from) => {
    if (proxy.isCut) return from.destroy();
    const to = net.connect(port, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ]) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => sockets.delete(one) && other.destroy());
      one.pipe(other);
    }
  });
  proxy.stall = () => sockets.forEach((socket) => socket.unpipe().pause());
  proxy.cut = () => {
    proxy.isCut = true;
    sockets.forEach((socket) => socket.destroy());
  };
  proxy.mend = () => (proxy.isCut = false);
  t.after(() => {
    proxy.cut();
    server.close();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.port = server.address().port;
  return proxy;
}

for (const name of ['redis', 'ioredis']) {
  describe(`with ${name}`, { skip }, () => {
    const started = (t, { port }, source) => startOurs(t, [write(t, withConnection(name, port, source))]);

    test('a store is as that of one host', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection) => {
        const store = connection.store('things', { ttl: 60_000 });
        const local = cluster.store('things', { ttl: 60_000 });
        const both = async (...asked) => {
          const [name, ...given] = asked;
          const settle = (one) =>
            one[name](...given).then(
              (value) => ({ value }),
              ({ code }) => ({ code }),
            );
          const [ours, theirs] = [await settle(local), await settle(store)];
          if (name === 'ttl' && ours.value > 0 && ours.value < Infinity)
            ours.value = theirs.value = Math.min(ours.value - theirs.value, 1000) < 1000;
          if (name === 'keys') for (const { value } of [ours, theirs]) value.sort();
          assert.deepStrictEqual(theirs, ours, JSON.stringify(asked));
        };
        const values = [
          0,
          -1.5,
          1e21,
          '',
          'ä€𝄞\u2028',
          false,
          null,
          [],
          {},
          { list: [1, { x: null }] },
          'x'.repeat(100_000),
        ];
        for (const value of values) {
          await both('set', 'key', value);
          await both('get', 'key');
          await both('compareAndSet', 'key', value, 'next');
          await both('compareAndSet', 'key', undefined, 'next');
          await both('add', 'key', 1);
        }
        for (const [key, by, options] of [
          ['n'],
          ['n', 5],
          ['n', -7, { ttl: 5000 }],
          ['m', 3, { ttl: 5000 }],
          ['key', 1],
          ['n', 2 ** 53 - 1],
          ['n', 2 ** 53 - 1],
        ]) {
          await both('incr', key, by, options);
          await both('get', key);
          await both('ttl', key);
        }
        await both('getMany', ['key', 'none', 'n']);
        await both('getMany', []);
        await both('touch', 'key', { ttl: Infinity });
        await both('ttl', 'key');
        await both('touch', 'none');
        await both('touch', 'none', { ttl: 5 });
        await both('ttl', 'none');
        await both('has', 'key');
        await both('has', 'none');
        for (const key of ['a*b', 'a?b', 'a[b]', 'a\\b', 'a^b', 'a-b', 'ä:b', '']) await both('set', key, 1);
        for (const prefix of ['a*', 'a?', 'a[', 'a\\', 'a^', 'a-', 'ä', '']) await both('keys', prefix);
        await both('compareAndSet', 'new', undefined, { a: 1 });
        await both('compareAndSet', 'new', { a: 1 }, undefined);
        await both('compareAndSet', 'new', { a: 1 }, undefined);
        await both('compareAndSet', 'new', undefined, undefined);
        await both('delete', 'key');
        await both('delete', 'key');
        await both('size');
        await both('clear');
        await both('size');
        await both('set', 'short', 1, { ttl: 30 });
        while (await local.has('short')) await new Promise(setImmediate);
        while (await store.has('short')) await new Promise(setImmediate);
        await both('add', 'short', 2, { ttl: 5000 });
        await both('get', 'short');
        await both('set', 5, 1);
        await both('set', 'a', undefined);
        assert.strictEqual(await connection.store('other').size(), 0);
        console.log('done');
        await connection.close();
        await assert.rejects(store.get('a'), { code: 'ERR_CLUSTER_RS_KEEPER_GONE' });
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
      assert.strictEqual(program.stdout, 'done\n', program.output);
    });

    test('two hosts count, watch, talk and take turns together', limit, async (t) => {
      const server = await startServer(t);
      const source = async (cluster, assert, connection) => {
        if (cluster.isPrimary) {
          for (let i = 0; i < 2; i++) cluster.fork();
          const seen = [];
          const watch = connection.store('counts').watch('turn');
          watch.on('change', ({ type, value }) => seen.push(`${type} ${value}`));
          await watch.ready;
          let heard = 0;
          await connection.subscribe('news', () => heard++);
          console.log('ready');
          process.stdin.once('data', () => {
            for (const id in cluster.workers) cluster.workers[id].send('go');
          });
          let left = 2;
          cluster.on('exit', async () => {
            if (--left > 0) return;
            process.stdin.once('data', async () => {
              console.log('heard', heard, 'seen', seen.length, new Set(seen).size);
              process.exit();
            });
            console.log('gone');
          });
          return;
        }
        process.once('message', async () => {
          const store = connection.store('counts');
          await Promise.all(Array.from({ length: 200 }, () => store.incr('n')));
          for (let i = 0; i < 5; i++) {
            const lock = await connection.lock('turn');
            // Two at once would write over each other.
            const turn = (await store.get('turn')) ?? 0;
            await store.set('turn', turn + 1);
            await store.set('fence', Math.max((await store.get('fence')) ?? 0, lock.fence));
            assert.strictEqual(await store.get('fence'), lock.fence);
            await lock.release();
          }
          await connection.publish('news', { from: process.pid });
          await connection.close();
          process.disconnect();
        });
      };
      const hosts = [started(t, server, source), started(t, server, source)];
      for (const host of hosts) await host.line(/^ready$/);
      for (const host of hosts) host.tell('go');
      for (const host of hosts) await host.line(/^gone$/);
      for (const host of hosts) host.tell('end');
      for (const host of hosts) {
        assert.strictEqual(await host.end(), 0, host.output);
        assert.match(host.stdout, /^heard 4 seen 20 20$/m);
      }
      const reader = started(t, server, async (cluster, assert, connection) => {
        console.log(await connection.store('counts').getMany(['n', 'turn']));
        process.exit();
      });
      assert.strictEqual(await reader.end(), 0, reader.output);
      assert.strictEqual(reader.stdout, '[ 800, 20 ]\n');
    });

    test('no acknowledged write is lost when the server is killed, and none is done twice', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection) => {
        const store = connection.store('counts');
        let [acknowledged, unknown] = [0, 0];
        let isOver = false;
        process.stdin.on('data', async (line) => {
          if (`${line}` === 'count\n') return console.log('counted', acknowledged, unknown);
          isOver = true;
        });
        const count = async () => {
          while (!isOver) {
            try {
              await store.incr('n');
              acknowledged++;
            } catch (error) {
              assert.strictEqual(error.code, 'ERR_CLUSTER_RS_REDIS_AWAY');
              unknown++;
              await new Promise((resolve) => setTimeout(resolve, 5));
            }
          }
        };
        console.log('ready');
        await Promise.all(Array.from({ length: 8 }, count));
        const value = await store.get('n');
        console.log(value >= acknowledged && value <= acknowledged + unknown, value, acknowledged, unknown);
        process.exit();
      });
      await program.line(/^ready$/);
      /** Waits until more has been acknowledged. */
      const goesOn = async () => {
        const read = async (turn) => {
          program.tell('count');
          return Number((await program.line(/^counted (\d+)/, turn))[1]);
        };
        let turn = program.lines(/^counted/).length;
        const before = await read(++turn);
        await until(async () => (await read(++turn)) > before + 20, 'more acknowledged writes');
      };
      for (let i = 0; i < 3; i++) {
        await goesOn();
        await server.kill();
        await server.start();
      }
      await goesOn();
      program.tell('end');
      assert.strictEqual(await program.end(), 0, program.output);
      assert.match(program.stdout, /^true \d+ \d+ [1-9]\d*$/m);
    });

    test('a network that stalls is an error, and then all goes on', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection) => {
        const store = connection.store('things');
        await store.set('a', 1);
        const lock = await connection.lock('mine');
        const lead = connection.lead('work', (signal) => {
          console.log('leads');
          signal.onabort = () => console.log('stops');
        });
        lock.signal.onabort = () => console.log('lost', lock.signal.reason.code);
        process.stdin.on('data', async (line) => {
          if (`${line}` === 'ask\n') {
            const code = await store.get('a').catch((error) => error.code);
            console.log('answer', code);
            return;
          }
          console.log('released', await lock.release());
          await lead.stop();
          await connection.close();
          process.exit();
        });
      });
      await program.line(/^leads$/);
      process.kill(server.pid, 'SIGSTOP');
      program.tell('ask');
      await program.line(/^answer ERR_CLUSTER_RS_REDIS_AWAY$/);
      // Before the server would give them to somebody else.
      await program.line(/^lost ERR_CLUSTER_RS_LOCK_LOST$/);
      await program.line(/^stops$/);
      process.kill(server.pid, 'SIGCONT');
      await until(async () => {
        program.tell('ask');
        await program.line(/^answer/, program.lines(/^answer/).length + 1);
        return program.lines(/^answer 1$/).length > 0;
      }, 'an answer');
      await program.line(/^leads$/, 2);
      program.tell('end');
      assert.strictEqual(await program.end(), 0, program.output);
      assert.match(program.stdout, /^released false$/m);
    });

    test('locks that are taken at once are different ones', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection, { connect, command }) => {
        const other = connect();
        const names = ['a', 'b', 'c', 'd', 'e', 'f'];
        const locks = await Promise.all(names.map((name) => connection.lock(name)));
        const fences = locks.map(({ fence }) => fence);
        assert.strictEqual(new Set(fences).size, names.length, `${fences}`);
        for (const lock of locks) assert.strictEqual(await lock.release(), true);
        for (const name of names) await (await other.lock(name, { wait: 0 })).release();
        // What is kept of locks that nobody has.
        assert.deepStrictEqual(await command('KEYS', '*'), ['cluster:fence']);

        // A server whose data and clock go back.
        const last = Date.now() * 1024 + 2 ** 40;
        await command('SET', 'cluster:fence', `${last}`);
        const first = await connection.lock('a');
        await command('SET', 'cluster:fence', `${last}`);
        const second = await connection.lock('b');
        assert.ok(second.fence > first.fence);
        assert.deepStrictEqual([await first.release(), await second.release()], [true, true]);
        await command('FLUSHALL');
        assert.ok(
          (await connection.lock('a')).fence > fences[0],
          'it grows also when the server has lost the last one',
        );
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
    });

    test('who has a lock hears that it is lost before another has it', limit, async (t) => {
      const server = await startServer(t);
      const proxy = await startProxy(t, server);
      const holder = started(t, proxy, async (cluster, assert, connection) => {
        const lock = await connection.lock('mine');
        lock.signal.onabort = () => console.log('lost', Date.now());
        console.log('has', Date.now());
      });
      await holder.line(/^has/);
      const next = started(t, server, async (cluster, assert, connection) => {
        console.log('asks');
        await connection.lock('mine');
        console.log('has', Date.now());
      });
      await next.line(/^asks$/);
      proxy.stall();
      const [, lost] = await holder.line(/^lost (\d+)$/);
      const [, has] = await next.line(/^has (\d+)$/);
      assert.ok(has - lost > 1000, `${has - lost} ms`);
    });

    test('a server that comes later is found, and one that never comes holds nobody', limit, async (t) => {
      const server = { port: await freePort() };
      const source = async (cluster, assert, connection) => {
        process.on('warning', (warning) => console.log('warning', warning.message));
        const store = connection.store('things');
        const lead = connection.lead('work', () => console.log('leads'));
        for (let i = 0; i < 12; i++) await assert.rejects(store.get('a'), { code: 'ERR_CLUSTER_RS_REDIS_AWAY' });
        await assert.rejects(store.get('a'), /ECONNREFUSED/);
        console.log('away');
        process.stdin.once('data', async (line) => {
          if (`${line}` === 'use\n') {
            while (!lead.isLeader) await new Promise(setImmediate);
            await store.set('a', 1);
            console.log('value', await store.get('a'));
          }
          await connection.close();
          process.stdin.destroy();
        });
      };
      const [patient, hasty] = [started(t, server, source), started(t, server, source)];
      for (const program of [patient, hasty]) await program.line(/^away$/);
      hasty.tell('close');
      assert.strictEqual(await hasty.end(), 0, hasty.output);
      assert.strictEqual(hasty.stdout, 'away\n');
      await startServer(t, server.port);
      patient.tell('use');
      assert.strictEqual(await patient.end(), 0, patient.output);
      assert.strictEqual(patient.stdout, 'away\nleads\nvalue 1\n');
    });

    test('no store has the keys of another', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection) => {
        const names = ['a', 'a:b', 'a%3Ab', 'a%', 'a:', ''];
        for (const name of names) await connection.store(name).set('b:c', name);
        for (const name of names) {
          const store = connection.store(name);
          assert.deepStrictEqual(await store.keys(), ['b:c']);
          assert.strictEqual(await store.get('b:c'), name);
          assert.strictEqual(await store.has('c'), false);
          await store.clear();
        }
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
    });

    test('the calls of one turn are done in their order, whatever the server knows', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection, { command }) => {
        const store = connection.store('things');
        const turn = () =>
          Promise.all([
            store.set('a', 1),
            store.get('a'),
            store.incr('a'),
            store.get('a'),
            store.add('a', 5),
            store.delete('a'),
            store.has('a'),
            store.size(),
          ]);
        for (let i = 0; i < 3; i++) {
          assert.deepStrictEqual(await turn(), [undefined, 1, 2, 2, false, true, false, 0]);
          await command('SCRIPT', 'FLUSH');
          if (i === 1) await store.delete('a');
        }
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
    });

    test('each listener hears a message once, and nothing stays subscribed', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection) => {
        const heard = [];
        const listen = (name) => connection.subscribe('news', (message) => heard.push(`${name} ${message}`));
        const subscriptions = await Promise.all(['a', 'b'].map(listen));
        subscriptions.push(await listen('c'));
        const store = connection.store('things');
        const watches = ['', 'k', 'other'].map((prefix) => store.watch(prefix));
        for (const watch of watches) watch.on('change', ({ type, key }) => heard.push(`${type} ${key}`));
        await Promise.all(watches.map(({ ready }) => ready));
        watches.push(store.watch('k'));
        await watches[3].ready;
        watches[3].on('change', ({ type, key }) => heard.push(`${type} ${key}`));
        assert.strictEqual(await connection.publish('news', 1), 1);
        await store.set('key', 1, { ttl: 20 });
        while (heard.length < 9) await new Promise(setImmediate);
        await connection.publish('news', 'end');
        while (heard.length < 12) await new Promise(setImmediate);
        const sorted = [...heard].sort();
        const expected = ['expire key', 'set key'].flatMap((one) => [one, one, one]);
        assert.deepStrictEqual(sorted, ['a 1', 'a end', 'b 1', 'b end', 'c 1', 'c end', ...expected]);
        // One after the other leaves, and one comes back in the same turn.
        await subscriptions[0].unsubscribe();
        const [last] = await Promise.all([listen('d'), subscriptions[1].unsubscribe(), subscriptions[2].unsubscribe()]);
        assert.strictEqual(await connection.publish('news', 2), 1);
        while (!heard.includes('d 2')) await new Promise(setImmediate);
        const [again] = await Promise.all([last.unsubscribe(), listen('e')]).then(([, one]) => [one]);
        assert.strictEqual(await connection.publish('news', 3), 1);
        while (!heard.includes('e 3')) await new Promise(setImmediate);
        assert.strictEqual(heard.length, 14, `${heard}`);
        await again.unsubscribe();
        for (const watch of watches) watch.close();
        console.log('quiet');
      });
      await program.line(/^quiet$/);
      const channels = () => ask(server, 'PUBSUB', 'CHANNELS', '*');
      await until(async () => (await channels()).length === 0, 'the end of subscriptions');
      assert.strictEqual(await ask(server, 'PUBSUB', 'NUMPAT'), 0);
    });

    test('a lock is not waited for after an abort, however early', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection, { connect }) => {
        const other = connect();
        const held = await other.lock('mine');
        await connection.store('things').get('a');
        const aborting = new AbortController();
        const asked = connection.lock('mine', { signal: aborting.signal });
        aborting.abort();
        await assert.rejects(asked, { name: 'AbortError' });
        await connection.lead('mine', () => console.log('leads')).stop();
        // Where it is free, nobody keeps it.
        await held.release();
        const early = new AbortController();
        const free = connection.lock('mine', { signal: early.signal });
        early.abort();
        await assert.rejects(free, { name: 'AbortError' });
        await connection.lead('mine', () => console.log('leads')).stop();
        await (await other.lock('mine', { wait: 5000 })).release();
        console.log('done');
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
      assert.strictEqual(program.stdout, 'done\n');
    });

    test('a lock that is not answered for is given back', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection) => {
        await (await connection.lock('mine')).release();
        console.log('ready');
        process.stdin.once('data', async () => {
          const code = await connection.lock('mine', { ttl: 600_000 }).catch((error) => error.code);
          console.log(code);
        });
      });
      await program.line(/^ready$/);
      process.kill(server.pid, 'SIGSTOP');
      program.tell('lock');
      await program.line(/^ERR_CLUSTER_RS_REDIS_AWAY$/);
      process.kill(server.pid, 'SIGCONT');
      const next = started(t, server, async (cluster, assert, connection) => {
        await connection.lock('mine', { wait: 60_000 });
        process.exit();
      });
      assert.strictEqual(await next.end(), 0, next.output);
    });

    test('a release that could not be told can be repeated, and is by itself', limit, async (t) => {
      const server = await startServer(t);
      const proxy = await startProxy(t, server);
      const program = started(t, proxy, async (cluster, assert, connection) => {
        const locks = [];
        for (const name of ['a', 'b']) locks.push(await connection.lock(name, { ttl: 600_000 }));
        console.log('has');
        process.stdin.on('data', async (line) => {
          const lock = `${line}` === 'release\n' ? locks : [locks[0]];
          const done = await Promise.all(lock.map((one) => one.release().catch((error) => error.code)));
          console.log(`${line}`.trim(), ...done);
        });
      });
      await program.line(/^has$/);
      proxy.cut();
      program.tell('release');
      await program.line(/^release ERR_CLUSTER_RS_REDIS_AWAY ERR_CLUSTER_RS_REDIS_AWAY$/);
      proxy.mend();
      await until(async () => {
        program.tell('again');
        await program.line(/^again/, program.lines(/^again/).length + 1);
        return program.lines(/^again true$/).length > 0;
      }, 'a release');
      program.tell('once more');
      await program.line(/^once more false$/);
      await until(async () => (await ask(server, 'KEYS', 'cluster:lock*')).length === 0, 'the end of both locks');
    });

    test('close() ends locks, watches and what hears of the process', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection, { connect }) => {
        if (cluster.isPrimary) return cluster.fork().on('exit', (code) => process.exit(code));
        process.on('warning', ({ message }) => console.log(message));
        const lock = await connection.lock('mine');
        const lost = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
        const watch = connection.store('things').watch();
        const changes = (async () => {
          for await (const change of watch) console.log(change);
          return 'ended';
        })();
        const closed = new Promise((resolve) => watch.on('close', resolve));
        watch.on('error', (error) => console.log(error));
        await watch.ready;
        await connection.subscribe('news', () => {});
        const held = await connect();
        await held.lock('other');
        const waiting = connection.lock('other').catch((error) => error.code);
        await connection.close();
        await Promise.all([lost, closed]);
        assert.strictEqual(await changes, 'ended');
        assert.strictEqual(lock.signal.reason.code, 'ERR_CLUSTER_RS_KEEPER_GONE');
        assert.strictEqual(await waiting, 'ERR_CLUSTER_RS_KEEPER_GONE');
        assert.strictEqual(await lock.release(), false);
        await held.close();
        const count = () => ['disconnect', 'drain'].map((name) => process.listenerCount(name)).join();
        const before = count();
        for (let i = 0; i < 12; i++) {
          const one = connect();
          await one.store('things').get('a');
          await one.close();
        }
        assert.strictEqual(count(), before);
        console.log('done');
        process.disconnect();
      });
      assert.strictEqual(await program.end(), 0, program.output);
      assert.strictEqual(program.stdout, 'done\n');
    });

    test('what is said to a client for its own commands changes nothing', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection, { client, library }) => {
        const clients = !library.Cluster
          ? [
              client({ RESP: 2 }),
              client({ RESP: 3 }),
              client({ keyPrefix: 'app:' }),
              client({ commandOptions: { typeMapping: { 36: Buffer, 58: String } } }),
              client().withTypeMapping({ 36: Buffer, 58: String }),
            ]
          : [
              client({ keyPrefix: 'app:' }),
              client({ stringNumbers: true }),
              client({ enableAutoPipelining: true }),
              client({ protocol: 2 }),
              client({ protocol: 3, replyMapping: 'resp3' }),
            ];
        for (const redis of clients) {
          const own = cluster.connect({ redis });
          const store = own.store('things');
          const watch = store.watch();
          const changes = [];
          watch.on('change', ({ type, key }) => changes.push(`${type} ${key}`));
          await watch.ready;
          assert.strictEqual(await store.set('a', { b: 1 }), undefined);
          assert.deepStrictEqual(await connection.store('things').get('a'), { b: 1 });
          assert.strictEqual(await store.has('a'), true);
          assert.strictEqual(await store.add('a', 1), false);
          assert.strictEqual(await store.ttl('a'), Infinity);
          assert.strictEqual(await store.ttl('none'), undefined);
          assert.strictEqual(await store.incr('n', 2), 2);
          assert.strictEqual(await store.compareAndSet('n', 2, 3), true);
          assert.deepStrictEqual(await store.getMany(['n', 'none']), [3, undefined]);
          assert.deepStrictEqual((await store.keys()).sort(), ['a', 'n']);
          assert.strictEqual(await store.delete('n'), true);
          assert.strictEqual(await own.publish('news', 1), 0);
          assert.strictEqual(await (await own.lock('mine')).release(), true);
          await store.clear();
          assert.strictEqual(await connection.store('things').size(), 0);
          while (changes.length < 5) await new Promise(setImmediate);
          assert.strictEqual(changes.join(), 'set a,set n,set n,delete n,delete a');
          await own.close();
        }
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
    });

    test('a client of many servers is refused', limit, async (t) => {
      const program = started(t, { port: 1 }, async (cluster, assert, connection, { library }) => {
        const one = [{ host: '127.0.0.1', port: 1 }];
        const clients = library.Cluster
          ? [new library.Cluster(one, { lazyConnect: true })]
          : [
              library.createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }),
              library.createSentinel({ name: 'main', sentinelRootNodes: one }),
              library.createClientPool(),
            ];
        for (const redis of clients) {
          const expected = { code: 'ERR_INVALID_ARG_TYPE', message: /createClient.*new Redis/ };
          assert.throws(() => cluster.connect({ redis }), expected);
        }
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
    });

    test('databases are kept apart', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection, { connect }) => {
        const other = connect({ db: 3, database: 3 });
        const heard = [];
        const watch = other.store('things').watch();
        watch.on('change', ({ type, key }) => heard.push(`${type} ${key}`));
        await watch.ready;
        await other.subscribe('news', (message) => heard.push(message));
        await connection.store('things').set('a', 1, { ttl: 1 });
        assert.strictEqual(await connection.publish('news', 'of another'), 0);
        while (await connection.store('things').has('a')) await new Promise(setImmediate);
        await other.store('things').set('b', 1, { ttl: 1 });
        while (heard.length < 2) await new Promise(setImmediate);
        await other.publish('news', 'own');
        while (heard.length < 3) await new Promise(setImmediate);
        assert.strictEqual(heard.join(), 'set b,expire b,own');
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
    });

    test('what others have put there is told by the server, or ignored', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection) => {
        await connection.subscribe('news', (message) => console.log('message', message));
        const watch = connection.store('things').watch();
        watch.on('change', ({ key }) => console.log('change', key));
        await watch.ready;
        console.log('ready');
        process.stdin.once('data', async () => {
          await assert.rejects(connection.store('things').get('list'), /: WRONGTYPE/);
          await connection.store('things').set('a', 1);
          await connection.publish('news', 1);
        });
      });
      await program.line(/^ready$/);
      await ask(server, 'LPUSH', 'cluster:store:things:list', '1');
      const channels = await ask(server, 'PUBSUB', 'CHANNELS', '*');
      for (const channel of channels) await ask(server, 'PUBLISH', channel, 'no JSON');
      const changes = channels.find((channel) => channel.endsWith('changes:things'));
      for (const text of ['{"a":1}', '[5]', 'null']) await ask(server, 'PUBLISH', changes, text);
      program.tell('go');
      await program.line(/^message 1$/);
      assert.strictEqual(program.stdout, 'ready\nchange a\nmessage 1\n');
      assert.strictEqual(program.stderr, '');
    });

    test('what may have been missed is said when all is heard again', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection) => {
        process.on('warning', ({ code, message }) => console.log(code, message));
        await connection.subscribe('news', (message) => console.log('message', message));
        const watch = connection.store('things').watch();
        watch.on('lost', () => connection.publish('news', 'here'));
        await watch.ready;
        console.log('ready');
      });
      await program.line(/^ready$/);
      await server.kill();
      await server.start();
      await program.line(/^CLUSTER_RS_LOST .*no connection to the server/);
      await program.line(/^message here$/);
    });

    test('stores of other packages over it', limit, async (t) => {
      const server = await startServer(t);
      const program = started(t, server, async (cluster, assert, connection, { found }) => {
        const { RateLimitStore } = require(found['rate-limit']);
        const counts = new RateLimitStore({ store: connection.store('rate-limit') });
        counts.init({ windowMs: 60_000 });
        for (let i = 1; i < 4; i++) assert.strictEqual((await counts.increment('one')).totalHits, i);
        await counts.decrement('one');
        const { totalHits, resetTime } = await counts.get('one');
        assert.strictEqual(totalHits, 2);
        assert.ok(resetTime - Date.now() > 50_000 && resetTime - Date.now() <= 60_000);
        await counts.resetAll();
        assert.strictEqual(await counts.get('one'), undefined);

        const { promisify } = require('util');
        const SessionStore = require(found.session)(require(found['express-session']));
        const sessions = new SessionStore({ store: connection.store('sessions') });
        const call = (name, ...given) => promisify(sessions[name]).call(sessions, ...given);
        await call('set', 'id', { cookie: { expires: new Date(Date.now() + 60_000) }, user: 'ä' });
        assert.strictEqual((await call('get', 'id')).user, 'ä');
        const left = await connection.store('sessions').ttl('id');
        assert.ok(left > 50_000 && left <= 60_000);
        assert.deepStrictEqual(
          (await call('all')).map(({ id }) => id),
          ['id'],
        );
        assert.strictEqual(await call('length'), 1);
        await call('destroy', 'id');
        assert.strictEqual(await call('get', 'id'), null);
        process.exit();
      });
      assert.strictEqual(await program.end(), 0, program.output);
    });
  });
}

test('a store whose options are said often is one', limit, async (t) => {
  const server = await startServer(t);
  const client = new Redis({ port: server.port, host: '127.0.0.1', lazyConnect: true });
  const keeper = new RedisKeeper(client, 'cluster:', () => {});
  const number = keeper.numberOf('things', 'null');
  for (let ttl = 1; ttl < 100; ttl++) {
    keeper.reopen('things');
    assert.strictEqual(keeper.numberOf('things', `{"ttl":${1000 * ttl}}`), number);
  }
  await keeper.ask(`{"set":[${number},"a",1,null]}`, () => {});
  assert.ok((await keeper.ask(`{"ttl":[${number},"a"]}`, ([, left]) => left)) > 90_000);
  keeper.close();
});

test('who would lead, and can ask nobody, leaves nothing behind at each try', limit, async () => {
  const counts = [];
  const lead = new Lead(
    'work',
    () => {},
    new Set(),
    async (name, { signal }) => {
      counts.push(getEventListeners(signal, 'abort').length);
      throw Object.assign(new Error('away'), { code: 'ERR_CLUSTER_RS_REDIS_AWAY' });
    },
  );
  await until(() => counts.length === 3, 'three tries');
  await lead.stop();
  assert.deepStrictEqual(counts, [0, 0, 0]);
});

test('a leader that stands still is replaced, and its fence is too small from then on', limit, async (t) => {
  const server = await startServer(t);
  const source = async (cluster, assert, connection) => {
    connection.lead('work', (signal, fence) => {
      console.log('leads', fence);
      signal.onabort = () => console.log('stops');
    });
  };
  const start = (name) => startOurs(t, [write(t, withConnection(name, server.port, source))]);
  const first = start('redis');
  const [, before] = await first.line(/^leads (\d+)$/);
  const second = start('ioredis');
  process.kill(first.pid, 'SIGSTOP');
  const [, after] = await second.line(/^leads (\d+)$/);
  assert.ok(Number(after) > Number(before));
  process.kill(first.pid, 'SIGCONT');
  await first.line(/^stops$/);
});
