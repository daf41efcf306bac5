'use strict';

// `cluster.supervise`: workers that are kept alive, replaced, counted, and ended.

const assert = require('node:assert');
const dgram = require('node:dgram');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, test } = require('node:test');
const { BackOff } = require('../lib/supervisor/back_off.js');
const { readOptions } = require('../lib/supervisor/options.js');
const { beginSlow, supervise } = require('./supervisor/service.js');
const {
  freePort,
  get,
  getMany,
  gone,
  isAlive,
  isFree,
  isPortable,
  kill,
  scratch,
  startOurs,
  stop,
  until,
  write,
} = require('./support.js');

const limit = { timeout: 120_000 };

test('all workers have ended within the ten seconds that a container is given', () => {
  const { gracePeriod, killTimeout } = readOptions();
  assert.ok(gracePeriod + killTimeout <= 9000);
});

describe('when to start again', () => {
  const options = { minDelay: 100, maxDelay: 1000, maxDeaths: 6, deathsWithin: 10_000 };

  test('at once the first time, then later and later, up to a limit', () => {
    const backOff = new BackOff(options);
    const ended = (age, hasStarted = true) => backOff.ended({ now: 0, age, hasStarted });
    assert.deepStrictEqual(
      [0, 1, 2, 3, 4, 5, 6].map(() => ended(10)),
      [0, 100, 200, 400, 800, 1000, 1000],
    );
    assert.strictEqual(ended(1000), 0); // It has lived for long.
    assert.strictEqual(ended(10), 100);
    assert.strictEqual(ended(5000, false), 200); // It was never ready.
  });

  test('there is no hope after too many in too short a time, until one has lived', () => {
    const backOff = new BackOff(options);
    const ended = (now, age = 10) => backOff.ended({ now, age, hasStarted: true });
    for (let i = 0; i < 5; i++) ended(i * 1000);
    assert.ok(!backOff.isHopeless);
    ended(9999);
    assert.ok(backOff.isHopeless);
    ended(100_000);
    assert.ok(backOff.isHopeless); // Nothing has become better.
    ended(102_000, 1000);
    assert.ok(!backOff.isHopeless);
    for (let i = 0; i < 50; i++) ended(200_000 + i * 2001);
    assert.ok(!backOff.isHopeless);
  });

  /** Numbers that look like chance, the same in each run with this seed. */
  function* chance(seed) {
    for (let state = seed; ;) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      yield state / 2 ** 32;
    }
  }

  test('in whatever order they end', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = chance(seed);
      const upTo = (most) => Math.floor(random.next().value * most);
      const { minDelay, maxDelay, maxDeaths, deathsWithin } = options;
      const backOff = new BackOff(options);
      const failures = []; // since the last good start
      let [now, before, isHopeless] = [0, undefined, false];
      for (let i = 0; i < 60; i++) {
        now += upTo(3000);
        const [age, hasStarted] = [upTo(1200), upTo(4) > 0];
        const delay = backOff.ended({ now, age, hasStarted });
        if (hasStarted && age >= maxDelay) {
          failures.length = 0;
          isHopeless = false;
          assert.strictEqual(delay, 0);
        } else {
          failures.push(now);
          isHopeless ||= failures.filter((time) => time > now - deathsWithin).length >= maxDeaths;
          assert.ok(delay <= maxDelay && delay >= (before ?? 0), `seed ${seed}: ${before} ${delay}`);
          assert.ok(before === undefined ? delay === 0 : delay >= minDelay, `seed ${seed}: ${before} ${delay}`);
        }
        before = delay;
        assert.strictEqual(backOff.isHopeless, isHopeless, `seed ${seed}, ${i}`);
      }
    }
  });
});

describe('wrong options are errors that name them', () => {
  for (const [given, code, text] of [
    [null, 'ERR_INVALID_ARG_TYPE', 'options'],
    ['4', 'ERR_INVALID_ARG_TYPE', 'options'],
    [{ worker: 3 }, 'ERR_INVALID_ARG_VALUE', "'options.worker' is unknown"],
    [{ workers: 0 }, 'ERR_OUT_OF_RANGE', 'options.workers'],
    [{ workers: 'all' }, 'ERR_OUT_OF_RANGE', "'max' or a whole number"],
    [{ workers: 1.5 }, 'ERR_OUT_OF_RANGE', 'options.workers'],
    [{ workers: { min: 2, max: 1 } }, 'ERR_OUT_OF_RANGE', '{ min, max } with min <= max'],
    [{ workers: { min: 0, max: 1 } }, 'ERR_OUT_OF_RANGE', 'options.workers'],
    [{ workers: { min: 'max', max: 'max' } }, 'ERR_OUT_OF_RANGE', 'options.workers'],
    [{ workers: { min: 1 } }, 'ERR_OUT_OF_RANGE', 'options.workers'],
    [{ workers: { min: 1, max: 2, most: 3 } }, 'ERR_OUT_OF_RANGE', 'options.workers'],
    [{ workers: '1..2' }, 'ERR_OUT_OF_RANGE', 'options.workers'],
    [{ workers: { min: 1, max: 2 }, scaleDownAfter: '1m' }, 'ERR_OUT_OF_RANGE', 'options.scaleDownAfter'],
    [{ env: 'A=1' }, 'ERR_INVALID_ARG_TYPE', 'options.env'],
    [{ waitReady: 1 }, 'ERR_INVALID_ARG_TYPE', 'options.waitReady'],
    [{ gracePeriod: '10s' }, 'ERR_OUT_OF_RANGE', 'options.gracePeriod'],
    [{ gracePeriod: 2 ** 31 }, 'ERR_OUT_OF_RANGE', 'options.gracePeriod'],
    [{ startTimeout: 0 }, 'ERR_OUT_OF_RANGE', 'options.startTimeout'],
    [{ spares: -1 }, 'ERR_OUT_OF_RANGE', 'options.spares'],
    [{ signals: 'yes' }, 'ERR_INVALID_ARG_TYPE', 'options.signals'],
  ]) {
    test(JSON.stringify(given), () => {
      assert.throws(
        () => readOptions(given),
        (error) => error.code === code && error.message.includes(text),
      );
    });
  }

  test('and without any there is a worker for each core', () => {
    assert.strictEqual(readOptions().workers, require('node:os').availableParallelism());
  });

  test('a range has as many at first as it has at least, and at most one for each core, if it says so', () => {
    const { range, workers } = readOptions({ workers: { min: 2, max: 8 } });
    assert.deepStrictEqual([workers, range], [2, { min: 2, max: 8 }]);
    const cores = require('node:os').availableParallelism();
    assert.deepStrictEqual(readOptions({ workers: { min: 1, max: 'max' } }).range, { min: 1, max: cores });
    assert.deepStrictEqual(readOptions({ workers: { min: 999, max: 'max' } }).range, { min: 999, max: 999 });
  });
});

test('a worker that dies is replaced, and others are told apart', limit, async (t) => {
  const { port, program, pids, status } = await supervise(t, { workers: 2 });
  await program.line(/^ready/);
  const before = await pids();
  await kill(before[0]);
  await program.line(new RegExp(`^death ${before[0]}  SIGKILL 0`));
  await program.line(/^workerReady/, 3);
  const after = await pids();
  assert.ok(after.includes(before[1]) && !after.includes(before[0]) && after.length === 2, `${before} ${after}`);
  const rows = await status();
  assert.deepStrictEqual(rows.map(({ state, restarts }) => [state, restarts]).sort(), [
    ['ready', 0],
    ['ready', 1],
  ]);
  await get(port);
  const [{ memory, uptime, lag }] = await status();
  assert.ok(memory > 1e7 && uptime > 0 && lag >= 0);
  const requests = async () => (await status()).reduce((sum, row) => sum + row.requests, 0);
  await until(requests, 'a request that is counted');
  assert.strictEqual(await requests(), 1);
});

test('without a worker alive, clients wait', limit, async (t) => {
  const { port, program, pids } = await supervise(t, { workers: 1, minDelay: 500, maxDelay: 500 });
  await program.line(/^ready/);
  const [first] = await pids();
  await kill(first);
  assert.notStrictEqual(Number(await get(port)), first);
  const [second] = await pids();
  await kill(second); // The second time it waits.
  assert.notStrictEqual(Number(await get(port)), second);
});

test('it gives up after too many deaths, and exits if it is to', limit, async (t) => {
  const file = write(t, 'broken', null, 'version');
  const options = { workers: 1, minDelay: 1, maxDeaths: 3, exitOnGiveUp: true };
  const { program } = await supervise(t, options, { VERSION: file });
  assert.strictEqual(await program.end(), 1);
  assert.strictEqual(program.lines(/^death/).length, 3);
  assert.strictEqual(program.lines(/^giveUp 3/).length, 1);
});

test('a reload brings the new program, one after the other', limit, async (t) => {
  const file = write(t, '1', null, 'version');
  const { port, program, pids, tell } = await supervise(t, { workers: 3 }, { VERSION: file });
  await program.line(/^ready/);
  const before = await pids();
  require('node:fs').writeFileSync(file, '2');
  assert.match(await tell('supervisor.reload()'), /undefined/);
  assert.strictEqual(await get(port, { path: '/version' }), '2');
  await gone(before);
  const steps = program.lines(/^reload (.*)/).map(([, step]) => step);
  assert.deepStrictEqual(steps, ['0 3', '1 3', '2 3', '3 3']);
  assert.strictEqual((await pids()).length, 3);
  assert.strictEqual(program.lines(/^exit/).length, 3, program.output); // They have ended by themselves.
});

test('if the new program is broken, the old one stays', limit, async (t) => {
  const file = write(t, '1', null, 'version');
  const { port, program, pids, tell } = await supervise(t, { workers: 2 }, { VERSION: file });
  await program.line(/^ready/);
  const before = await pids();
  require('node:fs').writeFileSync(file, 'broken');
  const answer = await tell('supervisor.reload()');
  assert.match(
    answer,
    /^ERR_CLUSTER_RS_RELOAD_FAILED Reload failed, old workers kept: worker \d+ exited with code 1 before it was listening/,
  );
  assert.deepStrictEqual(await pids(), before);
  assert.strictEqual(await get(port, { path: '/version' }), '1');
});

test('variables may be others in each start', limit, async (t) => {
  const program = startOurs(t, [
    write(t, () => {
      const cluster = require('cluster');
      if (cluster.isWorker) {
        console.log('start', process.env.START, process.env.LEFT);
        require('http').createServer().listen(0, '127.0.0.1');
        return;
      }
      let start = 0;
      process.env.LEFT = 'inherited';
      const env = () => {
        if (++start === 3) throw new Error('no such file');
        return { START: start, LEFT: undefined };
      };
      const supervisor = cluster.supervise({ workers: 1, env });
      supervisor.once('ready', async () => {
        await supervisor.reload();
        await supervisor.reload().catch((error) => console.log(error.code, error.message));
        await supervisor.reload();
        await supervisor.stop();
        process.exit();
      });
    }),
  ]);
  assert.strictEqual(await program.end(), 0);
  const [first, second, failed, third] = program.stdout.split('\n');
  assert.deepStrictEqual(
    [first, second, third],
    [1, 2, 4].map((start) => `start ${start} undefined`),
  );
  assert.match(failed, /^ERR_CLUSTER_RS_RELOAD_FAILED Reload failed, old workers kept: .*no such file/);
});

test('a new worker that does not listen in time fails the reload', limit, async (t) => {
  const { program, pids, tell } = await supervise(t, { workers: 1, startTimeout: 3000 });
  await program.line(/^ready/);
  const before = await pids();
  await tell("process.env.LISTEN = 'no'");
  assert.match(await tell('supervisor.reload()'), /worker \d+ is not listening after 3000 ms/);
  assert.deepStrictEqual(await pids(), before);
});

test('reloads that come during a reload are one', limit, async (t) => {
  const { program, tell } = await supervise(t, { workers: 1 });
  await program.line(/^ready/);
  await tell('Promise.all([1, 2, 3, 4].map(() => supervisor.reload()))');
  assert.strictEqual(program.lines(/^reloaded/).length, 2);
});

test('fewer workers during a reload, and a stop during one', limit, async (t) => {
  const { program, pids, status, tell } = await supervise(t, { workers: 3 });
  await program.line(/^ready/);
  await tell('Promise.all([supervisor.reload(), supervisor.scale(1)])');
  assert.strictEqual((await pids()).length, 1);
  await until(async () => (await status()).length === 1, 'one worker in all');
  const [before] = await pids();
  await tell("supervisor.reload().catch(({ code }) => console.log('rejected', code)); supervisor.stop()");
  await program.line(/^rejected ERR_CLUSTER_RS_STOPPING/);
  await gone([before]);
  assert.deepStrictEqual(await status(), []);
});

test('where the new program listens elsewhere, nobody waits at the old place', limit, async (t) => {
  const { port, program, tell } = await supervise(t, { workers: 1, startTimeout: 5000 });
  await program.line(/^ready/);
  await get(port);
  const other = await freePort();
  await tell(`process.env.PORT = '${other}'`);
  await tell('supervisor.reload()');
  await get(other);
  await until(() => isFree(port), 'the end of the old listener');
});

test('with waitReady, a worker is ready when it says so', limit, async (t) => {
  const { program, tell } = await supervise(t, { workers: 1, waitReady: true, startTimeout: 5000 }, { READY: '1' });
  await program.line(/^ready/);
  await tell('delete process.env.READY');
  assert.match(await tell('supervisor.reload()'), /worker \d+ has not called cluster.worker.ready\(\) after 5000 ms/);
});

test('scaling up and down loses nothing', limit, async (t) => {
  const { port, program, pids, tell } = await supervise(t, { workers: 1 });
  await program.line(/^ready/);
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  let isOver = false;
  const client = async () => {
    while (!isOver) await get(port, { agent });
  };
  const clients = Promise.all([client(), client(), client()]);
  await tell('supervisor.scale(4)');
  assert.strictEqual((await pids()).length, 4);
  await tell('supervisor.scale(2)');
  assert.strictEqual((await pids()).length, 2);
  isOver = true;
  await clients;
  assert.match(await tell("supervisor.scale('many')"), /^ERR_OUT_OF_RANGE/);
});

test('a restart ends all of them and loses nothing', limit, async (t) => {
  const service = await supervise(t, { workers: 2, step: 2 });
  const { port, program, pids, tell } = service;
  await program.line(/^ready/);
  const before = await pids();
  const { answer } = await beginSlow(service);
  const restarted = tell('supervisor.restart()');
  const [slow] = await Promise.all([answer, restarted, get(port)]);
  assert.ok(before.includes(Number(slow)));
  for (const pid of before) assert.ok(!isAlive(pid));
  assert.strictEqual((await pids()).length, 2);
});

test('stopping finishes requests, closes the port, and ends the workers', limit, async (t) => {
  const service = await supervise(t, { workers: 2 });
  const { port, program, tell, pids } = service;
  await program.line(/^ready/);
  const workers = await pids();
  const agent = new http.Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const { answer } = await beginSlow(service);
  await get(port, { agent }); // Stays open, idle.
  const [slow] = await Promise.all([answer, tell('supervisor.stop()')]);
  assert.ok(workers.includes(Number(slow)));
  await gone(workers);
  assert.ok(await isFree(port));
  assert.match(await tell('supervisor.reload()'), /^ERR_CLUSTER_RS_STOPPING/);
});

test('nobody is started when all have been stopped', limit, async (t) => {
  const { program, tell } = await supervise(t, { workers: 1, spares: 1, waitReady: true }, { READY: '1' });
  await program.line(/^ready/);
  const left = await tell(
    `(async () => {
    for (const workers of [2, 3]) supervisor.scale(workers).catch(({ code }) => console.log('scale', code));
    supervisor.reload().catch(({ code }) => console.log('reload', code));
    require('cluster').on('fork', () => console.log('forked'));
    await supervisor.stop();
    return Object.keys(require('cluster').workers).length;
  })()`.replaceAll('\n', ' '),
  );
  assert.strictEqual(left, '0');
  await program.line(/^scale ERR_CLUSTER_RS_STOPPING$/, 2);
  await program.line(/^reload ERR_CLUSTER_RS_STOPPING$/);
  assert.deepStrictEqual(program.lines(/^(forked|reload \d)/), []);
});

test('SIGTERM stops, and the primary exits with 0', limit, async (t) => {
  const service = await supervise(t, { workers: 2 });
  const { program, pids } = service;
  await program.line(/^ready/);
  const workers = await pids();
  const { answer } = await beginSlow(service);
  process.kill(program.pid, 'SIGTERM');
  assert.ok(workers.includes(Number(await answer)));
  assert.strictEqual(await program.end(), 0);
});

test('Ctrl+C does the same, although it reaches the workers too', limit, async (t) => {
  const service = await supervise(t, { workers: 2 });
  const { program } = service;
  await program.line(/^ready/);
  const { answer } = await beginSlow(service);
  process.kill(-program.pid, 'SIGINT');
  assert.match(await answer, /^\d+$/);
  assert.strictEqual(await program.end(), 0);
  assert.strictEqual(program.lines(/^exit/).length, 2);
});

test('a second signal ends all at once', limit, async (t) => {
  const { port, program, pids } = await supervise(t, { workers: 1, gracePeriod: 60_000 });
  await program.line(/^ready/);
  const [worker] = await pids();
  const open = net.connect(port, '127.0.0.1');
  t.after(() => open.destroy());
  open.write('GET /slow HTTP/1.1\r\nHost: here\r\n'); // Half a request.
  await until(() => new Promise((resolve) => setTimeout(() => resolve(true), 200)), 'a while');
  process.kill(program.pid, 'SIGTERM');
  await program.line(/^stop/);
  assert.ok(isAlive(worker));
  process.kill(program.pid, 'SIGTERM');
  await program.end();
  await gone([worker]);
});

test('SIGHUP and SIGUSR2 reload', limit, async (t) => {
  const { program } = await supervise(t, { workers: 1 });
  await program.line(/^ready/);
  for (const [i, signal] of ['SIGHUP', 'SIGUSR2'].entries()) {
    process.kill(program.pid, signal);
    await program.line(/^reloaded/, i + 1);
  }
});

test('a worker that does not end in time is ended', limit, async (t) => {
  const { program, pids, tell } = await supervise(t, { workers: 1, gracePeriod: 200, killTimeout: 200 });
  await program.line(/^ready/);
  const [worker] = await pids();
  await stop(worker);
  await tell('supervisor.reload()');
  await gone([worker]);
});

test('a worker that hangs is told of, and replaced', limit, async (t) => {
  const { port, program, pids } = await supervise(t, { workers: 2, hangTimeout: 500, replaceHung: true });
  await program.line(/^ready/);
  const before = await pids();
  const blocked = get(port, { path: '/block' }).catch((error) => error.code);
  const [, hung] = await program.line(/^hang (\d+) (\d+)/);
  await program.line(new RegExp(`^replace ${hung} hang`));
  assert.strictEqual(await blocked, 'ECONNRESET');
  await gone([Number(hung)]);
  const after = await pids();
  assert.strictEqual(after.filter((pid) => before.includes(pid)).length, 1);
});

test('a worker that only hangs is only told of', limit, async (t) => {
  const { port, program, pids } = await supervise(t, { workers: 1, hangTimeout: 500 });
  await program.line(/^ready/);
  const before = await pids();
  assert.strictEqual(Number(await get(port, { path: '/block' })), before[0]);
  assert.strictEqual(program.lines(/^hang/).length, 1);
  assert.deepStrictEqual(await pids(), before);
});

for (const [reason, options, act] of [
  ['memory', { maxMemory: 160 * 1024 * 1024 }, (port) => get(port, { path: '/grow' })],
  ['age', { maxAge: 300 }, () => {}],
  ['requests', { maxRequests: 5 }, (port) => Promise.all(Array.from({ length: 6 }, () => get(port)))],
]) {
  test(`a worker is replaced for its ${reason}`, limit, async (t) => {
    const { port, program, pids } = await supervise(t, { workers: 1, ...options });
    await program.line(/^ready/);
    const [before] = await pids();
    await act(port);
    await program.line(new RegExp(`^replace ${before} ${reason}`));
    await gone([before]);
    assert.notStrictEqual(Number(await get(port)), before);
    assert.strictEqual(program.lines(/^death/).length, 0);
  });
}

test('a spare takes the place of a dead worker at once', limit, async (t) => {
  const { port, program, pids, status, tell } = await supervise(t, { workers: 2, spares: 1 });
  await program.line(/^ready/);
  await until(async () => (await status()).filter(({ state }) => state === 'spare').length === 1, 'a spare');
  const [spare] = (await status()).filter(({ state }) => state === 'spare');
  for (let i = 0; i < 10; i++) assert.notStrictEqual(Number(await get(port)), spare.pid);
  const before = await pids();
  await tell(
    `supervisor.once('death', () => console.log('in service', supervisor.workers.map((worker) => worker.process.pid).join()))`,
  );
  await kill(before[0]);
  const [, workers] = await program.line(/^in service (.*)/);
  assert.deepStrictEqual(workers.split(',').map(Number).sort(), [before[1], spare.pid].sort());
  await until(async () => (await status()).filter(({ state }) => state === 'spare').length === 1, 'another spare');
  // And a reload does not use spares that have the old program.
  const old = (await status()).map(({ pid }) => pid);
  await tell('supervisor.reload()');
  await gone(old);
  for (const pid of old) assert.strictEqual(program.lines(new RegExp(`^exit ${pid}$`)).length, 1, program.output); // By themselves.
});

/** The states of all workers, in order. */
const statesOf = (rows) => rows.map(({ state }) => state).sort();

/** Without the addon, what accepts or receives by itself does so at once. */
const skip = isPortable && 'only the addon can hold a shared socket back';

describe('with --policy none, a spare accepts nothing before it has a place', { concurrency: 2, skip }, () => {
  const none = { NODE_CLUSTER_SCHED_POLICY: 'none' };

  test('connections', limit, async (t) => {
    const { port, program, pids, status, tell } = await supervise(t, { workers: 1, spares: 1 }, none);
    const spare = () => until(async () => (await status()).find(({ state }) => state === 'spare'), 'a spare');
    const answers = async () => new Set((await getMany(30, port)).map(Number));
    await program.line(/^ready/);
    const [first] = await pids();
    const { pid: second } = await spare();
    assert.deepStrictEqual(await answers(), new Set([first]));
    await kill(first);
    assert.deepStrictEqual(await answers(), new Set([second]));
    const { pid: third } = await spare();
    await tell('supervisor.reload()');
    const { pid: fourth } = await spare();
    const [now] = await pids();
    assert.deepStrictEqual(await answers(), new Set([now]));
    assert.strictEqual(new Set([first, second, third, fourth, now]).size, 5);
    assert.deepStrictEqual(program.lines(/^death/).length, 1);
  });

  test('datagrams', limit, async (t) => {
    const exec = write(t, () => {
      const socket = require('dgram').createSocket('udp4');
      socket.on('message', (text, { port }) => socket.send(`${process.pid}`, port, '127.0.0.1'));
      socket.bind(Number(process.env.PORT), '127.0.0.1');
    });
    const { port, program, pids } = await supervise(t, { workers: 1, spares: 1 }, none, { exec });
    const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    t.after(() => socket.close());
    const heard = [];
    socket.on('message', (text) => heard.push(Number(text)));
    const ask = async () => {
      heard.length = 0;
      for (let i = 0; i < 30; i++) socket.send('who', port, '127.0.0.1');
      await until(
        () => heard.length === 30,
        () => `answers: ${heard}`,
      );
      return new Set(heard);
    };
    await program.line(/^ready/);
    const [first] = await pids();
    assert.deepStrictEqual(await ask(), new Set([first]));
    await kill(first);
    const other = async () => (await pids()).find((pid) => pid !== first);
    const second = await until(other, 'another worker');
    assert.deepStrictEqual(await ask(), new Set([second]));
  });
});

test('a place has a number, which is handed on', limit, async (t) => {
  const exec = write(t, () => {
    const cluster = require('cluster');
    require('http')
      .createServer((request, response) => response.end(`${cluster.worker.place}`))
      .listen(process.env.PORT, '127.0.0.1');
    console.log(`place of ${process.pid}: ${cluster.worker.place}`);
    cluster.worker.on('place', (place) =>
      console.log(`${process.pid} gets ${place} ${cluster.worker.place === place}`),
    );
  });
  const { port, program, pids, status, tell } = await supervise(t, { workers: 2, spares: 1 }, {}, { exec });
  const placeOf = async (pid) => Number((await program.line(new RegExp(`^place of ${pid}: (\\d+)$`)))[1]);
  const places = async () => JSON.parse(await tell('supervisor.workers.map((worker) => worker.place)'));
  const spare = () => until(async () => (await status()).find(({ state }) => state === 'spare'), 'a spare');
  await program.line(/^ready/);
  const [first, second] = await pids();
  assert.deepStrictEqual([await placeOf(first), await placeOf(second)], [0, 1]);
  assert.deepStrictEqual(await places(), [0, 1]);
  const { pid, place } = await spare();
  assert.strictEqual(place, undefined);
  await program.line(new RegExp(`^place of ${pid}: undefined$`));
  await kill(second);
  await program.line(new RegExp(`^${pid} gets 1 true$`));
  assert.deepStrictEqual(await pids(), [first, pid]);
  assert.deepStrictEqual(await places(), [0, 1]);
  await spare();
  await tell('supervisor.reload()');
  const after = await pids();
  assert.deepStrictEqual([await placeOf(after[0]), await placeOf(after[1])], [0, 1]);
  await until(async () => `${[...new Set(await getMany(8, port))].sort()}` === '0,1', 'answers of both');
  assert.deepStrictEqual(
    (await status()).filter(({ state }) => state === 'ready').map((row) => row.place),
    [0, 1],
  );
});

test(
  'where each worker has a UDP socket, a spare gets nothing before it has a place',
  { ...limit, skip },
  async (t) => {
    const exec = write(t, () => {
      const socket = require('dgram').createSocket('udp4');
      socket.on('message', (text, { port }) => socket.send(`${process.pid}`, port, '127.0.0.1'));
      socket.bind(Number(process.env.PORT), '127.0.0.1', () => {
        console.log(`worker ${process.pid} is bound to ${socket.address().port}`);
      });
    });
    const settings = { exec, scheduling: { spreadDatagrams: true } };
    const { port, program, pids, status } = await supervise(t, { workers: 1, spares: 1 }, {}, settings);
    const senders = Array.from({ length: 30 }, () => dgram.createSocket('udp4').bind(0, '127.0.0.1'));
    t.after(() => senders.forEach((socket) => socket.close()));
    const answers = async () => {
      const heard = senders.map((socket) => once(socket, 'message'));
      for (const socket of senders) socket.send('who', port, '127.0.0.1');
      return new Set((await Promise.all(heard)).map(([text]) => Number(text)));
    };
    const isComplete = async () => `${statesOf(await status())}` === 'ready,spare';

    await program.line(/^ready/);
    for (let i = 0; i < 3; i++) {
      await until(isComplete, 'a worker and a spare');
      assert.strictEqual(program.lines(new RegExp(`is bound to ${port}$`)).length, i + 2);
      const [worker] = await pids();
      assert.deepStrictEqual(await answers(), new Set([worker]));
      await kill(worker);
      await until(async () => (await pids()).some((pid) => pid !== worker), 'another worker');
    }
  },
);

test('spares that can not start do not end those that work', limit, async (t) => {
  const file = write(t, '1', null, 'version');
  const options = { workers: 1, spares: 1, minDelay: 1, maxDelay: 50, maxDeaths: 3, exitOnGiveUp: true };
  const { port, program, pids, status } = await supervise(t, options, { VERSION: file });
  await program.line(/^ready/);
  await until(async () => `${statesOf(await status())}` === 'ready,spare', 'a spare');
  require('node:fs').writeFileSync(file, 'broken');
  const [first] = await pids();
  await kill(first);
  await program.line(/^death \d+ 1/, 5);
  assert.match(await get(port), /^\d+$/);
  assert.strictEqual(program.lines(/^giveUp/).length, 0);
  require('node:fs').writeFileSync(file, '1');
  await until(async () => `${statesOf(await status())}` === 'ready,spare', 'a spare again');
});

test('a spare stays one when all workers are resumed', limit, async (t) => {
  const { port, program, status, tell } = await supervise(t, { workers: 1, spares: 1 });
  await program.line(/^ready/);
  await until(async () => `${statesOf(await status())}` === 'ready,spare', 'a spare');
  await tell("Object.values(require('cluster').workers).forEach((worker) => worker.resume())");
  const [spare] = (await status()).filter(({ state }) => state === 'spare');
  for (let i = 0; i < 10; i++) assert.notStrictEqual(Number(await get(port)), spare.pid);
});

test('a spare that gets ready later takes the place that waits', limit, async (t) => {
  const options = { workers: 1, spares: 1, minDelay: 60_000, maxDelay: 60_000 };
  const { program, pids, tell } = await supervise(t, options);
  await program.line(/^ready/);
  const [first] = await pids();
  // The spare has not started yet, or takes over and has no successor yet.
  await kill(first);
  await program.line(/^death \d+ +SIGKILL 0/);
  const second = Number(await tell('supervisor.workers[0]?.process.pid ?? 0'));
  if (second) await kill(second);
  await until(async () => (await pids()).some((pid) => pid !== first && pid !== second), 'a worker in service');
});

test('who is about to be added when a reload begins, has the new program after it', limit, async (t) => {
  const file = write(t, 'old', null, 'version');
  const { port, program, pids } = await supervise(t, { workers: 1, waitReady: true }, { VERSION: file, READY: '1' });
  await program.line(/^ready/);
  const [first] = await pids();
  program.tell('supervisor.scale(2)');
  await until(async () => Number(await get(port)) !== first, 'a second worker, which is not ready yet');
  require('node:fs').writeFileSync(file, 'new');
  program.tell('supervisor.reload()');
  await program.line(/^reloaded/);
  for (let i = 0; i < 10; i++) assert.strictEqual(await get(port, { path: '/version' }), 'new');
});

test('when it can not scale, all stays as it was', limit, async (t) => {
  const file = write(t, '1', null, 'version');
  const options = { workers: 1, maxDeaths: 2, exitOnGiveUp: true };
  const { port, program, pids, status, tell } = await supervise(t, options, { VERSION: file });
  await program.line(/^ready/);
  const before = await pids();
  require('node:fs').writeFileSync(file, 'broken');
  assert.match(await tell('supervisor.scale(4)'), /^ERR_CLUSTER_RS_START_FAILED/);
  assert.deepStrictEqual(await pids(), before);
  assert.deepStrictEqual(statesOf(await status()), ['ready']);
  assert.strictEqual(Number(await get(port)), before[0]);
});

test('a restart leaves no worker beside its own', limit, async (t) => {
  const options = { workers: 2, step: 2, minDelay: 300, maxDelay: 300, maxAge: 400 };
  const { program, pids, status, tell } = await supervise(t, options);
  await program.line(/^ready/);
  for (let i = 0; i < 2; i++) {
    await program.line(/^workerReady/, 2 + i);
    await kill((await pids())[0]); // The second time its place waits.
  }
  await tell('Promise.all([supervisor.restart(), supervisor.restart()])');
  await program.line(/^replace/);
  await tell('supervisor.restart()');
  await tell('new Promise((done) => setTimeout(done, 500)).then(() => supervisor.stop())');
  assert.strictEqual(await tell("Object.keys(require('cluster').workers)"), '[]');
  assert.deepStrictEqual(await status(), []);
});

test('a restart that fails leaves the spares', limit, async (t) => {
  const file = write(t, '1', null, 'version');
  const { program, status, tell } = await supervise(t, { workers: 1, spares: 1, minDelay: 1 }, { VERSION: file });
  await program.line(/^ready/);
  require('node:fs').writeFileSync(file, 'broken');
  assert.match(await tell('supervisor.restart()'), /^ERR_CLUSTER_RS_START_FAILED/);
  require('node:fs').writeFileSync(file, '1');
  await until(async () => `${statesOf(await status())}` === 'ready,spare', 'all again');
});

/** Has all that is forked from now on run another program. */
const use = (tell, file) => tell(`void cluster.setupPrimary({ exec: ${JSON.stringify(file)} })`);

for (const [what, act, size] of [
  ['reloaded', 'supervisor.reload()', 2],
  ['restarted', 'supervisor.restart()', 2],
  ['told to have more workers', 'supervisor.scale(3)', 3],
]) {
  test(`when it has given up, nothing starts until it is ${what}`, limit, async (t) => {
    const file = write(t, '1', null, 'version');
    const options = { workers: 2, minDelay: 1, maxDelay: 50, maxDeaths: 3 };
    const { program, pids, status, tell } = await supervise(t, options, { VERSION: file });
    await program.line(/^ready/);
    require('node:fs').writeFileSync(file, 'broken');
    for (const { pid } of await status()) await kill(pid);
    await program.line(/^giveUp 3/);
    await until(async () => (await status()).length === 0, 'the end of all');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepStrictEqual(await status(), []);
    assert.strictEqual(program.lines(/^giveUp/).length, 1);
    require('node:fs').writeFileSync(file, '1');
    await tell(act);
    // What is not new after `scale()` is filled later.
    if (size === 2) assert.deepStrictEqual(statesOf(await status()), ['ready', 'ready']);
    const isComplete = async () => (await pids()).length === size;
    await until(isComplete, `${size} workers`);
    const [first] = await pids();
    await kill(first);
    await until(async () => !(await pids()).includes(first) && (await isComplete()), 'another in its place');
  });
}

test('when it gives up, it ends those that are starting, too', limit, async (t) => {
  const options = { workers: 2, minDelay: 1, maxDelay: 50, maxDeaths: 3 };
  const { program, pids, status, tell } = await supervise(t, options);
  await program.line(/^ready/);
  const [one, other] = await pids();
  const broken = write(t, () => process.exit(1));
  await use(tell, broken);
  await kill(one);
  await program.line(/^death/, 4);
  await use(
    tell,
    write(t, () => setInterval(() => {}, 1000, console.log('starting', process.pid))),
  );
  const [, starting] = await program.line(/^starting (\d+)$/);
  await use(tell, broken);
  await kill(other);
  await program.line(/^giveUp 3/);
  await gone([Number(starting)]);
  await until(async () => (await status()).length === 0, 'the end of all');
});

test('it does not give up while one is being added that does better', limit, async (t) => {
  const go = require('node:path').join(scratch(t), 'go');
  const options = { workers: 1, minDelay: 1, maxDelay: 50, maxDeaths: 3 };
  const { program, pids, tell } = await supervise(t, options, { GO: go });
  await program.line(/^ready/);
  const [first] = await pids();
  const usual = await tell('cluster.settings.exec');
  const late = () => {
    const listen = () => require('http').createServer().listen(process.env.PORT, '127.0.0.1');
    const look = () => (require('fs').existsSync(process.env.GO) ? listen() : setTimeout(look, 10));
    look();
    console.log('waiting');
  };
  await use(tell, write(t, late));
  await tell('void supervisor.scale(2)');
  await program.line(/^waiting$/);
  await use(
    tell,
    write(t, () => process.exit(1)),
  );
  await kill(first);
  await program.line(/^death/, 6);
  require('node:fs').writeFileSync(go, '');
  await until(async () => (await pids()).length === 1, 'the one that is added');
  await use(tell, JSON.parse(usual));
  await until(async () => (await pids()).length === 2, 'the one in the first place');
  for (const pid of await pids()) await kill(pid);
  await until(async () => (await pids()).length === 2, 'others');
  assert.strictEqual(program.lines(/^giveUp/).length, 0);
});

test('a reload does not close what the program listens on a little later', limit, async (t) => {
  const port = await freePort();
  const { program, tell } = await supervise(t, { workers: 1 }, { LATER: `${port}` });
  await program.line(/^ready/);
  await until(async () => !(await isFree(port)), 'the second listener');
  for (let i = 0; i < 2; i++) {
    await tell('supervisor.reload()');
    assert.strictEqual(await get(port), 'later');
  }
});

test('a worker that has left and lives on is replaced', limit, async (t) => {
  const { port, program, pids } = await supervise(t, { workers: 1, gracePeriod: 300 });
  await program.line(/^ready/);
  const [before] = await pids();
  assert.strictEqual(Number(await get(port, { path: '/leave' })), before);
  await program.line(new RegExp(`^replace ${before} disconnect`));
  await gone([before]);
  assert.notStrictEqual(Number(await get(port)), before);
});

test('when all of them were stopped, nobody hangs', limit, async (t) => {
  const { program, pids } = await supervise(t, { workers: 1, hangTimeout: 1000, replaceHung: true });
  await program.line(/^ready/);
  const [worker] = await pids();
  for (const pid of [program.pid, worker]) await stop(pid);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  process.kill(program.pid, 'SIGCONT');
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(worker, 'SIGCONT');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.deepStrictEqual(program.lines(/^(hang|replace)/), []);
});

test('a worker that never listens is told of', limit, async (t) => {
  const { program } = await supervise(t, { workers: 1, startTimeout: 2000 }, { LISTEN: 'no' });
  await program.line(/^startFailed \d+ .*worker \d+ is not listening after 2000 ms/);
  await program.line(/^death/);
});

test('it can be called again when nothing could be forked', limit, async (t) => {
  const file = write(t, () => {
    const cluster = require('cluster');
    cluster.setupPrimary({ exec: 5 });
    try {
      cluster.supervise();
    } catch ({ code }) {
      console.log(code, process.listenerCount('SIGTERM'));
    }
    cluster.setupPrimary({ exec: __filename, args: ['worker'] });
    console.log(typeof cluster.supervise({ workers: 1 }).stop());
    process.exit();
  });
  const program = startOurs(t, [file]);
  await program.line(/^ERR_INVALID_ARG_TYPE 0/);
  await program.line(/^object/);
});

test('there is one supervisor, and it reads its options', limit, async (t) => {
  const { program, tell } = await supervise(t, { workers: 1 });
  await program.line(/^ready/);
  assert.match(await tell("require('cluster').supervise()"), /^ERR_CLUSTER_RS_SUPERVISED/);
});
