'use strict';

// What many hosts share, over a Redis server of this test's own. Needs `redis-server`, as of Debian's package; with REDIS=1
// it must be there.

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');
const { describe, test } = require('node:test');
const { freePort, gone, scratch, startOurs, until, write } = require('./support.js');

const isThere = spawnSync('redis-server', ['--version']).status === 0;
const skip = isThere || process.env.REDIS ? false : 'redis-server is missing: apt-get install redis-server';
const limit = { timeout: 120_000, skip };
const repository = path.resolve(__dirname, '..');

/** A server that keeps what it has acknowledged, also when it is killed. */
async function startServer(t) {
  const folder = scratch(t);
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder];
  args.push('--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--notify-keyspace-events', 'Ex');
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

/** The text of a program that begins with `connection`, over one of the two packages. */
function withConnection(name, port, source) {
  const file = JSON.stringify(path.join(repository, 'node_modules', name));
  const client =
    name === 'redis'
      ? `require(${file}).createClient({ url: 'redis://127.0.0.1:${port}' })`
      : `new (require(${file}))(${port}, '127.0.0.1', { lazyConnect: true })`;
  return `'use strict';
    const cluster = require('cluster');
    const assert = require('assert');
    const connection = cluster.connect({ redis: ${client} });
    (${source})(cluster, assert, connection);`;
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
  });
}

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
