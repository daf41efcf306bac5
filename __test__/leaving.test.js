'use strict';

// How workers and primaries leave, and that nothing is left of them.

const assert = require('node:assert');
const { describe, it, test } = require('node:test');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const {
  childrenOf,
  get,
  gone,
  isAlive,
  isFree,
  kill,
  scratch,
  startOurs,
  stop,
  until,
  write,
} = require('./support.js');

const timeout = 60_000;

/** Serves with two workers on `listen`, and does what its standard input says: each line is a piece of JavaScript. */
function program({ listen }) {
  const cluster = require('cluster');
  const http = require('node:http');
  const readline = require('node:readline');

  if (cluster.isPrimary) {
    let ready = 0;
    cluster.on('listening', (worker, { port }) => {
      if (++ready === 2) console.log(`ready ${port} ${Object.values(cluster.workers).map((one) => one.process.pid)}`);
    });
    for (const event of ['disconnect', 'exit']) {
      cluster.on(event, (worker, code, signal) =>
        console.log(worker.id, event, code, signal, worker.exitedAfterDisconnect),
      );
    }
    cluster.fork();
    cluster.fork();
    const lines = readline.createInterface({ input: process.stdin });
    const run = new Function('cluster', 'require', 'text', 'return eval(text)');
    lines.on('line', (line) => run(cluster, require, line));
    return;
  }
  const server = http.createServer((request, response) => response.end(`worker ${cluster.worker.id}`));
  server.listen(...listen);
  const commands = {
    disconnect: () => cluster.worker.disconnect(),
    process: () => process.disconnect(),
    kill: () => cluster.worker.kill(),
    exit: () => process.exit(5),
    close: () => server.close(() => process.send('closed')),
    throw: () => {
      throw new Error('thrown on purpose');
    },
  };
  process.on('message', (message) => commands[message]());
  cluster.worker.on('disconnect', () =>
    console.log(cluster.worker.id, 'worker disconnect', cluster.worker.exitedAfterDisconnect),
  );
  process.on('exit', (code) => console.log(cluster.worker.id, 'worker exit', code));
}

async function startTwo(t, listen = [0, '127.0.0.1']) {
  const primary = startOurs(t, [write(t, program, { listen })]);
  const [, port, pids] = await primary.line(/^ready (\S+) (\S+)$/);
  return { primary, port: Number(port), pids: pids.split(',').map(Number) };
}

function abouts(primary, id) {
  return primary.lines(new RegExp(`^${id} (.*)`)).map(([, what]) => what);
}

describe('a primary that is gone leaves no worker', () => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGABRT']) {
    it(`killed by ${signal}`, { timeout }, async (t) => {
      const { primary, port, pids } = await startTwo(t);
      await kill(primary.pid, signal);
      await gone(pids);
      assert.ok(await isFree(port));
    });
  }

  it('killed while its workers are starting', { timeout }, async (t) => {
    const starting = () => {
      const cluster = require('cluster');
      if (cluster.isWorker) return void setInterval(() => {}, 1000);
      const workers = Array.from({ length: 8 }, () => cluster.fork());
      console.log(`forked ${workers.map((worker) => worker.process.pid)}`);
    };
    const primary = startOurs(t, [write(t, starting)]);
    const [, pids] = await primary.line(/^forked (\S+)$/);
    await kill(primary.pid);
    await gone(pids.split(',').map(Number));
  });

  it('killed while a worker is stopped, which goes on later', { timeout }, async (t) => {
    const { primary, pids } = await startTwo(t);
    await stop(pids[0]);
    await kill(primary.pid);
    await gone([pids[1]]);
    process.kill(pids[0], 'SIGCONT');
    await gone(pids);
  });

  for (const [name, line] of [
    ['by process.exit()', 'process.exit(3)'],
    ['by an exception', 'setImmediate(() => { throw new Error("on purpose") })'],
  ]) {
    it(name, { timeout }, async (t) => {
      const { primary, port, pids } = await startTwo(t);
      primary.tell(line);
      await primary.end();
      await gone(pids);
      assert.ok(await isFree(port));
    });
  }
});

describe('a worker leaves', () => {
  const disconnected = [
    'worker disconnect true',
    'worker exit 0',
    'disconnect undefined undefined true',
    'exit 0 null true',
  ];
  const cases = [
    ['worker.disconnect() in the primary', 'cluster.workers[1].disconnect()', disconnected],
    ['worker.disconnect() in the worker', 'cluster.workers[1].send("disconnect")', disconnected],
    ['worker.kill() in the worker', 'cluster.workers[1].send("kill")', disconnected],
    [
      'process.disconnect() in the worker',
      'cluster.workers[1].send("process")',
      ['worker disconnect undefined', 'worker exit 0', 'disconnect undefined undefined false', 'exit 0 null false'],
    ],
    [
      'process.exit() in the worker',
      'cluster.workers[1].send("exit")',
      ['worker exit 5', 'disconnect undefined undefined false', 'exit 5 null false'],
    ],
    [
      'an exception in the worker',
      'cluster.workers[1].send("throw")',
      ['worker exit 1', 'disconnect undefined undefined false', 'exit 1 null false'],
    ],
    [
      'worker.kill() in the primary',
      'cluster.workers[1].kill()',
      ['disconnect undefined undefined false', 'exit null SIGTERM false'],
    ],
    [
      'worker.destroy(signal) in the primary',
      'cluster.workers[1].destroy("SIGINT")',
      ['disconnect undefined undefined false', 'exit null SIGINT false'],
    ],
    [
      'worker.process.kill() in the primary',
      'cluster.workers[1].process.kill("SIGKILL")',
      ['disconnect undefined undefined false', 'exit null SIGKILL false'],
    ],
    [
      'worker.process.disconnect() in the primary',
      'cluster.workers[1].process.disconnect()',
      ['worker disconnect undefined', 'worker exit 0', 'disconnect undefined undefined false', 'exit 0 null false'],
    ],
  ];
  for (const [name, line, expected] of cases) {
    it(name, { timeout }, async (t) => {
      const { primary, port, pids } = await startTwo(t);
      primary.tell(line);
      await gone([pids[0]]);
      await until(
        () => abouts(primary, 1).length === expected.length,
        () => `${expected} in:${primary.output}`,
      );
      // Which of the last two is first is a matter of luck, as in the built-in module.
      assert.deepStrictEqual(abouts(primary, 1).sort(), [...expected].sort());
      assert.deepStrictEqual(abouts(primary, 2), []);
      for (let i = 0; i < 6; i++) assert.strictEqual(await get(port), 'worker 2');
      primary.tell('console.log("left: " + Object.keys(cluster.workers))');
      await primary.line(/^left: 2$/);
    });
  }
});

describe('all workers leave', () => {
  it('cluster.disconnect(callback)', { timeout }, async (t) => {
    const { primary, port, pids } = await startTwo(t);
    const then = 'console.log("all have left", Object.keys(cluster.workers).length); process.stdin.destroy()';
    primary.tell(`cluster.disconnect(() => { ${then} })`);
    assert.strictEqual(await primary.end(), 0, 'the primary ends by itself');
    assert.strictEqual(primary.lines(/^all have left 0$/).length, 1);
    assert.ok(!pids.some(isAlive));
    assert.ok(await isFree(port));
    for (const id of [1, 2]) assert.strictEqual(abouts(primary, id).length, 4, primary.output);
  });

  it('cluster.disconnect(callback) without a worker', { timeout }, async (t) => {
    const alone = () => require('cluster').disconnect(() => console.log('nobody was there'));
    const primary = startOurs(t, [write(t, alone)]);
    assert.strictEqual(await primary.end(), 0);
    assert.strictEqual(primary.output, '\nnobody was there\n');
  });
});

describe('a listener is closed with its last server', () => {
  it('the primary can bind its port at once', { timeout }, async (t) => {
    const { primary, port } = await startTwo(t);
    // The second message comes after the second server has left the listener.
    const again = `require("net").createServer().listen(${port}, "127.0.0.1", function () { console.log("bound"); this.close() })`;
    primary.tell(`let closed = 0; cluster.on("message", () => { if (++closed === 2) ${again} })`);
    primary.tell('for (const worker of Object.values(cluster.workers)) worker.send("close")');
    await primary.line(/^bound$/);
    assert.strictEqual(childrenOf(primary.pid).length, 2, 'the workers stay');
    assert.strictEqual(primary.stderr, '');
  });

  it('not before: one server is closed, the other serves', { timeout }, async (t) => {
    const { primary, port } = await startTwo(t);
    primary.tell('cluster.on("message", () => console.log("closed"))');
    primary.tell('cluster.workers[1].send("close")');
    await primary.line(/^closed$/);
    for (let i = 0; i < 6; i++) assert.strictEqual(await get(port), 'worker 2');
    assert.ok(!(await isFree(port)));
  });

  it('the workers were killed: the port can be bound in the exit event', { timeout }, async (t) => {
    const { primary, port } = await startTwo(t);
    const again = `require("net").createServer().listen(${port}, "127.0.0.1", function () { console.log("bound"); this.close() })`;
    primary.tell(`let left = 0; cluster.on("exit", () => { if (++left === 2) ${again} })`);
    primary.tell('for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGKILL")');
    await primary.line(/^bound$/);
    assert.strictEqual(primary.stderr, '');
  });
});

describe('the file of a Unix socket is removed', () => {
  const ways = [
    ['when all servers are closed', 'for (const worker of Object.values(cluster.workers)) worker.send("close")'],
    ['when all workers have disconnected', 'cluster.disconnect()'],
    [
      'when all workers are killed',
      'for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGKILL")',
    ],
    ['when the primary leaves', 'process.exit()'],
    ['when the primary throws', 'setImmediate(() => { throw new Error("on purpose") })'],
  ];
  for (const [name, line] of ways) {
    it(name, { timeout }, async (t) => {
      const file = path.join(scratch(t), 'web.sock');
      const { primary } = await startTwo(t, [file]);
      assert.match(await get(undefined, { socketPath: file }), /^worker [12]$/);
      assert.ok(fs.existsSync(file));
      primary.tell(line);
      await until(() => !fs.existsSync(file), `${file} to be removed:${primary.output}`);
    });
  }
});

describe('process.send(message); process.exit() delivers', () => {
  /** The worker sends `count` messages of `size` characters and leaves in the same turn of the loop. */
  function sender({ count, size, slow, by }) {
    const cluster = require('cluster');
    if (cluster.isPrimary) {
      if (by === 'advanced') cluster.setupPrimary({ serialization: 'advanced' });
      const worker = cluster.fork();
      let received = 0;
      worker.on('message', ({ number, text }) => {
        if (number !== received++ || text.length !== size) console.log(`wrong: ${number} ${text.length}`);
        if (slow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slow);
      });
      worker.on('exit', (code) => console.log(`${received} received, exit ${code}`));
      return;
    }
    const target = by === 'worker' ? cluster.worker : process;
    const go = () => {
      for (let number = 0; number < count; number++) target.send({ number, text: 'x'.repeat(size) });
      process.exit(7);
    };
    if (by === 'timer') setTimeout(go, 100);
    else go();
  }

  const cases = [
    { count: 1, size: 10 },
    { count: 1, size: 10, by: 'timer' },
    { count: 1, size: 10, by: 'worker' },
    { count: 1, size: 10, by: 'advanced' },
    { count: 1_000, size: 100 },
    { count: 20, size: 1024 * 1024 },
    { count: 20, size: 1024 * 1024, by: 'timer' },
    { count: 20, size: 1024 * 1024, by: 'advanced' },
    { count: 20, size: 1024 * 1024, slow: 150 },
  ];
  for (const given of cases) {
    it(JSON.stringify(given), { timeout }, async (t) => {
      const primary = startOurs(t, [write(t, sender, given)]);
      assert.strictEqual(await primary.end(), 0);
      assert.strictEqual(primary.output, `\n${given.count} received, exit 7\n`);
    });
  }
});

test('a client sees the end of its connection the moment its worker dies', { timeout }, async (t) => {
  const { primary, port, pids } = await startTwo(t);
  const sockets = Array.from({ length: 4 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  for (const socket of sockets) socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve))));
  let closed = 0;
  for (const socket of sockets) socket.on('close', () => closed++);
  for (const pid of pids) await stop(pid); // So that neither closes it by itself.
  for (const pid of pids) await kill(pid);
  await until(() => closed === 4, 'the end of the connections');
  assert.ok(isAlive(primary.pid));
});
