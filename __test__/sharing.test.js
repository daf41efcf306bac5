'use strict';

// What the processes of a cluster share: stores, locks, work that one of them does, messages between all.

const assert = require('node:assert');
const { describe, test } = require('node:test');
const { isPortable, startOurs, until, write } = require('./support.js');

const limit = { timeout: 60_000 };

/** Runs a program to its end, without an error; gives its lines. */
async function linesOf(t, source, given) {
  const program = startOurs(t, [write(t, source, given)]);
  assert.strictEqual(await program.end(), 0, program.output);
  return program.stdout.split('\n').slice(0, -1);
}

for (const serialization of ['json', 'advanced']) {
  test(`a store is one for all processes, with ${serialization}`, limit, async (t) => {
    const lines = await linesOf(
      t,
      async (serialization) => {
        const cluster = require('cluster');
        const assert = require('assert');
        const isAdvanced = serialization === 'advanced';
        if (cluster.isPrimary) {
          cluster.setupPrimary({ serialization });
          const store = cluster.store('things');
          await store.set('from the primary', { list: [1, 'two', null], ä: '€' });
          const worker = cluster.fork();
          worker.once('exit', async () => {
            assert.deepStrictEqual(await store.get('from the worker'), isAdvanced ? new Map([[1, 2n]]) : { is: true });
            assert.strictEqual(await store.size(), 2);
            await store.clear();
            assert.deepStrictEqual(await store.keys(), []);
            console.log('done');
          });
          return;
        }
        const store = cluster.store('things');
        assert.deepStrictEqual(await store.get('from the primary'), { list: [1, 'two', null], ä: '€' });
        for (const value of [
          0,
          -1.5,
          '',
          'text',
          false,
          null,
          [],
          {},
          { deep: [[{}]] },
          '\u2028"\\',
          'x'.repeat(300_000),
        ]) {
          await store.set('key', value);
          assert.deepStrictEqual(await store.get('key'), value);
          assert.strictEqual(await store.compareAndSet('key', value, 'next'), true);
          assert.strictEqual(await store.compareAndSet('key', value, 'next'), value === 'next');
        }
        if (isAdvanced) {
          for (const value of [
            -0,
            NaN,
            Infinity,
            5n,
            new Date(5),
            /x/g,
            new Set([1]),
            Buffer.from('bytes'),
            '\ud800',
          ]) {
            await store.set('key', value);
            assert.deepStrictEqual(await store.get('key'), value);
          }
        }
        assert.strictEqual(await store.delete('key'), true);
        assert.strictEqual(await store.delete('key'), false);
        assert.strictEqual(await store.get('key'), undefined);
        assert.strictEqual(await store.has('key'), false);
        assert.strictEqual(await store.add('key', 1), true);
        assert.strictEqual(await store.add('key', 2), false);
        assert.strictEqual(await store.incr('key'), 2);
        assert.strictEqual(await store.incr('key', -5), -3);
        assert.strictEqual(await store.incr('new', 7), 7);
        assert.deepStrictEqual(await store.getMany(['key', 'none', 'new']), [-3, undefined, 7]);
        assert.deepStrictEqual(await store.getMany([]), []);
        assert.deepStrictEqual((await store.keys('n')).sort(), ['new']);
        assert.strictEqual(await store.compareAndSet('new', undefined, 1), false);
        assert.strictEqual(await store.compareAndSet('other', undefined, 1), true);
        assert.strictEqual(await store.compareAndSet('other', 1, undefined), true);
        assert.strictEqual(await store.has('other'), false);
        assert.strictEqual(await cluster.store('another').get('key'), undefined);
        await store.delete('key');
        await store.delete('new');
        await store.set('from the worker', isAdvanced ? new Map([[1, 2n]]) : { is: true });
        process.disconnect();
      },
      serialization,
    );
    assert.deepStrictEqual(lines, ['done']);
  });
}

test('entries live for as long as is said, and watches tell what becomes of them', limit, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const assert = require('assert');
    const { once } = require('events');
    const store = cluster.store('things', { ttl: 86_400_000, maxEntries: 2 });
    const watch = store.watch('a');
    await watch.ready;
    const changes = (async () => {
      const seen = [];
      for await (const { type, key, value } of watch) {
        seen.push(`${type} ${key} ${value}`);
        if (type === 'expire') return seen;
      }
    })();
    await store.set('a', 1);
    assert.ok((await store.ttl('a')) > 86_000_000);
    await store.set('a', 2, { ttl: Infinity });
    assert.strictEqual(await store.ttl('a'), Infinity);
    assert.strictEqual(await store.touch('a', { ttl: 1000 }), true);
    assert.ok((await store.ttl('a')) <= 1000);
    assert.strictEqual(await store.touch('none'), false);
    assert.strictEqual(await store.ttl('none'), undefined);
    await store.set('b', 1);
    await store.get('a');
    await store.set('ab', 1); // There is no room for `b`.
    assert.strictEqual(await store.has('b'), false);
    await store.delete('ab');
    await store.set('c', 1);
    await store.set('d', 1);
    await store.incr('a1', 1, { ttl: 50 });
    const seen = await changes;
    assert.deepStrictEqual(seen, [
      'set a 1',
      'set a 2',
      'set ab 1',
      'delete ab undefined',
      'evict a undefined',
      'set a1 1',
      'expire a1 undefined',
    ]);
    const other = cluster.store('things').watch();
    other.close();
    await Promise.all([other.ready, store.set('e', 1)]);
    for await (const change of other) assert.fail(change);
    const ended = store.watch('x');
    setImmediate(() => ended.close());
    await once(ended, 'close');
    console.log('done');
  });
  assert.deepStrictEqual(lines, ['done']);
});

test('a full store refuses, where it is told to, and the new bounds count', limit, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const assert = require('assert');
    const store = cluster.store('things', { maxEntries: 1, full: 'refuse' });
    await store.set('a', 1);
    await assert.rejects(store.set('b', 1), { code: 'ERR_CLUSTER_RS_STORE_FULL' });
    await assert.rejects(store.incr('b'), { code: 'ERR_CLUSTER_RS_STORE_FULL' });
    await store.set('a', 'text');
    await assert.rejects(store.incr('a'), { code: 'ERR_CLUSTER_RS_NOT_A_NUMBER' });
    assert.strictEqual(cluster.store('things', { maxEntries: 3 }), store);
    await store.set('b', 2 ** 53 - 1);
    await assert.rejects(store.incr('b'), { code: 'ERR_CLUSTER_RS_NOT_A_NUMBER' });
    assert.deepStrictEqual(await store.getMany(['a', 'b']), ['text', 2 ** 53 - 1]);
    await store.set('b', 2 ** 53);
    await assert.rejects(store.incr('b', -1), { code: 'ERR_CLUSTER_RS_NOT_A_NUMBER' });
    cluster.store('things', { maxBytes: 1000 });
    await assert.rejects(store.set('c', 'x'.repeat(2000)), { code: 'ERR_CLUSTER_RS_STORE_FULL' });
    assert.strictEqual(await store.size(), 2);
    const huge = cluster.store('huge', { maxEntries: Number.MAX_VALUE, maxBytes: Number.MAX_VALUE });
    assert.strictEqual(await huge.add('a', 1), true);
    console.log('done');
  });
  assert.deepStrictEqual(lines, ['done']);
});

test('what is wrong is refused with an error that says so', limit, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const assert = require('assert');
    const store = cluster.store('things');
    const type = { code: 'ERR_INVALID_ARG_TYPE' };
    const range = { code: 'ERR_OUT_OF_RANGE' };
    const value = { code: 'ERR_INVALID_ARG_VALUE' };
    const missing = { code: 'ERR_MISSING_ARGS' };
    await assert.rejects(store.get(), type);
    await assert.rejects(store.get(5), type);
    await assert.rejects(store.get('\ud800'), value);
    await assert.rejects(store.getMany('x'), type);
    await assert.rejects(store.getMany(['x', 5]), { ...type, message: /keys\[1\]/ });
    await assert.rejects(store.getMany(Array(2)), { ...type, message: /keys\[0\]/ });
    await assert.rejects(store.set('a'), missing);
    await assert.rejects(
      store.set('a', () => {}),
      type,
    );
    await assert.rejects(store.set('a', 1, null), type);
    await assert.rejects(store.set('a', 1, { ttl: '5' }), type);
    for (const ttl of [0, -1, NaN]) await assert.rejects(store.set('a', 1, { ttl }), range);
    await assert.rejects(store.incr('a', '1'), type);
    for (const by of [0.5, 2 ** 60, NaN]) await assert.rejects(store.incr('a', by), range);
    await assert.rejects(
      store.compareAndSet('a', () => {}, 1),
      type,
    );
    assert.throws(() => cluster.store(), type);
    assert.throws(() => cluster.store('a', 5), type);
    assert.throws(() => cluster.store('a', { maxEntries: 0 }), range);
    assert.throws(() => cluster.store('a', { maxBytes: 1.5 }), range);
    assert.throws(() => cluster.store('a', { full: 'grow' }), value);
    assert.throws(() => cluster.store('a', { max: 5 }), value);
    assert.throws(() => store.watch(5), type);
    await assert.rejects(cluster.lock(), type);
    await assert.rejects(cluster.lock('a', { ttl: 0 }), range);
    await assert.rejects(cluster.lock('a', { wait: -1 }), range);
    await assert.rejects(cluster.lock('a', { signal: 5 }), type);
    assert.throws(() => cluster.lead('a'), type);
    assert.throws(() => cluster.lead(5, () => {}), type);
    await assert.rejects(cluster.publish(), type);
    await assert.rejects(cluster.publish('a'), missing);
    await assert.rejects(cluster.subscribe('a'), type);
    assert.strictEqual(await store.size(), 0);
    console.log('done');
  });
  assert.deepStrictEqual(lines, ['done']);
});

test('what was stored is read, whatever the serialization of who reads it', limit, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const assert = require('assert');
    const store = cluster.store('things');
    const objects = {
      plain: { a: 1 },
      looking: { clone: 'AAAA' },
      more: { clone: 'AAAA', a: 1 },
      list: [{ clone: 1 }],
    };
    if (cluster.isPrimary) {
      for (const [key, value] of Object.entries(objects)) await store.set(key, value);
      assert.strictEqual(await store.compareAndSet('looking', objects.looking, objects.looking), true);
      cluster.setupPrimary({ serialization: 'advanced' });
      cluster.fork().once('exit', async () => {
        assert.deepStrictEqual(await store.get('clone'), new Map([[1, 2]]));
        console.log('done');
      });
      return;
    }
    const keys = Object.keys(objects);
    assert.deepStrictEqual(await Promise.all(keys.map((key) => store.get(key))), Object.values(objects));
    assert.deepStrictEqual(await store.getMany(keys), Object.values(objects));
    await store.set('clone', new Map([[1, 2]]));
    process.disconnect();
  });
  assert.deepStrictEqual(lines, ['done']);
});

test('counts of many workers at the same time lose nothing', limit, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const store = cluster.store('counts');
    if (cluster.isWorker) {
      for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 100 }, () => store.incr('n')));
      process.disconnect();
      return;
    }
    let left = 4;
    for (let i = 0; i < 4; i++)
      cluster.fork().once('exit', async () => --left === 0 && console.log(await store.get('n')));
  });
  assert.deepStrictEqual(lines, ['4000']);
});

test(
  'a store answers while the primary is busy',
  { ...limit, skip: isPortable && 'its primary answers' },
  async (t) => {
    const lines = await linesOf(t, async () => {
      const cluster = require('cluster');
      const fs = require('fs');
      if (cluster.isPrimary) {
        const worker = cluster.fork();
        worker.once('message', (file) => {
          while (!fs.existsSync(file)); // What the worker writes after an answer.
          worker.send('free');
        });
        return;
      }
      const store = cluster.store('things');
      const file = `${__filename}.${process.pid}`;
      process.send(file);
      process.once('message', () => process.disconnect());
      for (let i = 0; i < 1000; i++) await store.incr('a');
      fs.writeFileSync(file, '');
      console.log(await store.get('a'));
    });
    assert.deepStrictEqual(lines, ['1000']);
  },
);

describe('locks', () => {
  test('are given in order, and end with their worker', limit, async (t) => {
    const lines = await linesOf(t, async () => {
      const cluster = require('cluster');
      const assert = require('assert');
      if (cluster.isWorker) {
        const lock = await cluster.lock('a');
        process.send(lock.fence);
        process.once('message', async (end) => {
          if (end) process.exit();
          console.log(await lock.release(), await lock.release(), lock.signal.aborted);
          process.disconnect();
        });
        return;
      }
      const fences = [];
      const mine = await cluster.lock('a');
      await assert.rejects(cluster.lock('a', { wait: 0 }), { code: 'ERR_CLUSTER_RS_LOCKED' });
      await assert.rejects(cluster.lock('a', { wait: 20 }), { code: 'ERR_CLUSTER_RS_LOCKED' });
      await assert.rejects(cluster.lock('a', { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' });
      const workers = [cluster.fork(), cluster.fork(), cluster.fork()];
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('online', resolve))));
      let killed = false;
      cluster.on('message', async (worker, fence) => {
        fences.push(fence);
        if (fences.length === 1) worker.process.kill('SIGKILL');
        if (fences.length === 2) worker.send(1);
        if (fences.length === 3) worker.send(0);
        killed = true;
      });
      setTimeout(() => {
        console.log(killed);
        mine.release();
      }, 300);
      let left = 3;
      cluster.on('exit', () => {
        if (--left > 0) return;
        assert.ok(mine.fence < fences[0] && fences[0] < fences[1] && fences[1] < fences[2], `${fences}`);
        console.log('done');
      });
    });
    assert.deepStrictEqual(lines.sort(), ['done', 'false', 'true false false'].sort());
  });

  test('are lost when their time is over, and that is told', limit, async (t) => {
    const lines = await linesOf(t, async () => {
      const cluster = require('cluster');
      const assert = require('assert');
      const first = await cluster.lock('a', { ttl: 50 });
      const second = await cluster.lock('a');
      assert.ok(second.fence > first.fence);
      if (!first.signal.aborted) await new Promise((resolve) => (first.signal.onabort = resolve));
      assert.strictEqual(first.signal.reason.code, 'ERR_CLUSTER_RS_LOCK_LOST');
      assert.strictEqual(await first.release(), false);
      assert.strictEqual(await second.release(), true);
      const late = cluster.lock('b', { ttl: 1 });
      setImmediate(() => {
        for (const until = Date.now() + 100; Date.now() < until;); // Given and lost are read together.
      });
      const { signal } = await late;
      if (!signal.aborted) await new Promise((resolve) => (signal.onabort = resolve));
      if (Symbol.asyncDispose) await (await cluster.lock('a'))[Symbol.asyncDispose]();
      assert.ok(await cluster.lock('a', { wait: 0 }));
      console.log('done');
    });
    assert.deepStrictEqual(lines, ['done']);
  });
});

describe('work that one does', () => {
  /** Says who begins and ends it, in the order of the store. */
  const source = () => {
    const cluster = require('cluster');
    const http = require('http');
    if (cluster.isPrimary) {
      const supervisor = cluster.supervise({ workers: 3 });
      supervisor.on('ready', () => console.log('ready'));
      process.stdin.on('data', async (line) => {
        if (`${line}` === 'reload\n') await supervisor.reload();
        console.log('heard');
      });
      const log = cluster.store('log');
      const watch = log.watch();
      watch.on('change', ({ value }) => console.log(value));
      return;
    }
    http.createServer((request, response) => response.end()).listen(0, '127.0.0.1');
    const log = cluster.store('log');
    cluster.lead('work', async (signal, fence) => {
      await log.set('at', `begin ${fence} ${process.pid}`);
      await new Promise((resolve) => (signal.onabort = resolve));
      await new Promise((resolve) => setTimeout(resolve, 50));
      await log.set('at', `end ${fence} ${process.pid}`);
    });
  };

  test('passes to the next when a worker dies, and is finished before when it is replaced', limit, async (t) => {
    const program = startOurs(t, [write(t, source)]);
    await program.line(/^ready$/);
    const first = await program.line(/^begin (\d+) (\d+)$/);
    process.kill(Number(first[2]), 'SIGKILL');
    const second = await program.line(/^begin (\d+) (\d+)$/, 2);
    assert.ok(Number(second[1]) > Number(first[1]));
    program.tell('reload');
    await program.line(/^heard$/);
    await until(() => program.lines(/^begin/).length > program.lines(/^end/).length + 1, 'another leader');
    const turns = program.lines(/^(begin|end) (\d+)/).map(([, what, fence]) => `${what} ${fence}`);
    // But for the one that was killed, each ends before the next begins.
    const rest = turns.slice(1);
    for (let i = 0; i + 1 < rest.length; i += 2) {
      assert.deepStrictEqual([rest[i], rest[i + 1]], [rest[i], rest[i].replace('begin', 'end')], turns.join());
    }
  });

  test('begins with the next when it has stopped, however its worker leaves', limit, async (t) => {
    const lines = await linesOf(
      t,
      (isPortable) => {
        const cluster = require('cluster');
        const http = require('http');
        const fs = require('fs');
        if (cluster.isPrimary) {
          const workers = [1, 2, 3].map(() => cluster.fork());
          const leaders = [];
          cluster.on('message', (worker) => {
            leaders.push(worker);
            if (leaders.length === 1) return worker.disconnect();
            if (leaders.length === 2) return worker.send('leave');
            for (const one of workers) one.process.kill('SIGKILL');
          });
          return;
        }
        const store = cluster.store('things');
        http.createServer(() => {}).listen(0, '127.0.0.1');
        process.once('message', () => cluster.worker.disconnect());
        cluster.lead('work', async (signal) => {
          fs.writeSync(1, 'begins\n');
          process.send('leads');
          await new Promise((resolve) => (signal.onabort = resolve));
          await new Promise((resolve) => setTimeout(resolve, 300));
          // Without the addon, the way to the primary is the channel.
          if (!isPortable) await store.incr('turns');
          fs.writeSync(1, 'ends\n');
          if (!isPortable) setInterval(() => {}, 1000); // Others need not wait for its process.
        });
      },
      isPortable,
    );
    assert.deepStrictEqual(lines, ['begins', 'ends', 'begins', 'ends', 'begins']);
  });

  test('goes on elsewhere when it fails or is given up', limit, async (t) => {
    const lines = await linesOf(t, async () => {
      const cluster = require('cluster');
      const assert = require('assert');
      let thrown;
      process.once('uncaughtException', (error) => (thrown = error));
      const fences = [];
      const first = cluster.lead('work', (signal, fence) => {
        fences.push(fence);
        throw new Error('broken');
      });
      await new Promise((resolve) => {
        const second = cluster.lead('work', async (signal, fence) => {
          fences.push(fence);
          assert.ok(second.isLeader && second.fence === fence && !first.isLeader);
          resolve();
        });
        setTimeout(() => second.stop(), 200);
      });
      await first.stop();
      while (!thrown) await new Promise(setImmediate);
      assert.strictEqual(thrown.message, 'broken');
      assert.ok(fences[1] > fences[0]);
      process.exit(console.log('done'));
    });
    assert.deepStrictEqual(lines, ['done']);
  });
});

test('messages reach all that listen, in the order of each sender', limit, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const assert = require('assert');
    const COUNT = 500;
    if (cluster.isWorker) {
      const heard = {};
      await cluster.subscribe('news', ({ from, n }) => {
        assert.strictEqual(n, (heard[from] ?? 0) + 1);
        heard[from] = n;
        if (Object.values(heard).length === 2 && Object.values(heard).every((count) => count === COUNT)) {
          process.send('all');
        }
      });
      process.send('listens');
      process.once('message', () => {
        for (let n = 1; n <= COUNT; n++) cluster.publish('news', { from: cluster.worker.id, n });
        cluster.publish('other', 'nobody hears').then((count) => assert.strictEqual(count, 0));
      });
      return;
    }
    let listening = 0;
    let done = 0;
    let own = 0;
    const subscription = await cluster.subscribe('news', () => own++);
    for (let i = 0; i < 2; i++) cluster.fork();
    cluster.on('message', async (worker, message) => {
      if (message === 'listens' && ++listening === 2) for (const id in cluster.workers) cluster.workers[id].send('go');
      if (message === 'all' && ++done === 2) {
        while (own < 2 * COUNT) await new Promise(setImmediate);
        await subscription.unsubscribe();
        assert.strictEqual(await cluster.publish('news', { from: 0, n: 1 }), 2);
        console.log('done', own);
        process.exit();
      }
    });
  });
  assert.deepStrictEqual(lines, ['done 1000']);
});

test('a listener that throws keeps no other from the message', limit, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
    await cluster.subscribe('news', () => {
      throw new Error('thrown');
    });
    const heard = new Promise((resolve) => cluster.subscribe('news', resolve));
    await cluster.publish('news', 'heard');
    console.log((await thrown).message, await heard);
    process.exit();
  });
  assert.deepStrictEqual(lines, ['thrown heard']);
});

test('what is shared keeps no process alive, and nobody from leaving', limit, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const store = cluster.store('things');
    if (cluster.isPrimary) {
      await store.set('a', 1);
      await cluster.lock('of the primary');
      const worker = cluster.fork();
      worker.once('exit', async (code) => console.log(code, await store.get('a')));
      worker.once('message', () => worker.disconnect());
      return;
    }
    cluster.subscribe('news', () => {});
    cluster.lead('work', () => {});
    store.watch().on('change', () => {});
    cluster.lock('of the worker');
    cluster.lock('of the primary').catch(() => {});
    store.set('a', 2).then(() => process.send('ready'));
  });
  assert.deepStrictEqual(lines, ['0 2']);
});

test('a worker that floods is held back, and keeps nobody else waiting', { ...limit, skip: isPortable }, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      const flood = cluster.fork({ FLOOD: 1 });
      flood.once('message', () => {
        const other = cluster.fork();
        other.once('message', (count) => {
          console.log(count);
          process.exit();
        });
      });
      return;
    }
    const store = cluster.store('things');
    if (!process.env.FLOOD) {
      for (let i = 0; i < 200; i++) await store.incr('n');
      process.send(await store.get('n'));
      return;
    }
    const value = 'x'.repeat(1_000_000);
    await store.set('large', value);
    process.send('floods');
    // Asks for gigabytes, and then for more.
    setInterval(() => {
      for (let i = 0; i < 100; i++) store.get('large');
    }, 1);
  });
  assert.deepStrictEqual(lines, ['200']);
});

test(
  'what a worker asks for in one turn takes no more memory than it reads',
  { ...limit, skip: isPortable },
  async (t) => {
    const lines = await linesOf(t, async () => {
      const cluster = require('cluster');
      const COUNT = 300; // of a value of 2 MB: more than a frame may hold
      const store = cluster.store('things');
      if (cluster.isPrimary) {
        await store.set('large', 'x'.repeat(2_000_000));
        const before = process.memoryUsage.rss();
        let most = 0;
        setInterval(() => (most = Math.max(most, process.memoryUsage.rss() - before)), 5).unref();
        cluster.fork().once('message', () => console.log(most < 150e6 || most));
        return;
      }
      const sizes = await Promise.all(Array.from({ length: COUNT }, async () => (await store.get('large')).length));
      process.send(sizes.length, async () => {
        const [many, one] = await Promise.allSettled([store.getMany(Array(COUNT).fill('large')), store.get('large')]);
        console.log(many.reason.code, one.value.length, await store.size());
        process.disconnect();
      });
    });
    assert.deepStrictEqual(lines.sort(), ['ERR_CLUSTER_RS_ANSWER_TOO_LARGE 2000000 1', 'true']);
  },
);

test('nonsense harms nobody but who says it', { ...limit, skip: !isPortable && 'see bad-input.test.js' }, async (t) => {
  const lines = await linesOf(t, async () => {
    const cluster = require('cluster');
    const assert = require('assert');
    const store = cluster.store('things');
    if (cluster.isPrimary) {
      await store.set('a', 1);
      cluster.fork().once('exit', async (code) => console.log(code, await store.getMany(['a', 'b'])));
      return;
    }
    const TEXTS = [
      ',',
      '5',
      '[1]',
      '[1,null]',
      '[1,{"eat":[]}]',
      '[1,{"toString":[]}]',
      '[1,{"size":9}]',
      '[1,{"set":[0,5,1,null]}]',
      '[1,{"set":[9,"k",1,null]}]',
      '[1,{"getMany":[0,[5]]}]',
      '[1,{"watch":[0,5]}]',
      '[1,{"open":["b",{"maxBytes":"x","ttl":0,"evicts":true}]}]',
      '[1,{"lock":[{},0,null]}]',
      '[1,{"publish":"x"}]',
    ];
    let way = 1;
    for (const text of [...TEXTS, null, {}]) {
      const lock = await cluster.lock('a');
      const lost = new Promise((resolve) => (lock.signal.onabort = resolve));
      process.send({ cmd: 'NODE_CLUSTER_RS_CONTROL', act: 'ask', about: [text, way++] });
      await lost;
      assert.strictEqual(await store.incr('b'), way - 1, text);
    }
    process.disconnect();
  });
  assert.deepStrictEqual(lines, ['0 [ 1, 16 ]']);
});
