'use strict';

// Kept-alive connections that go, between two requests, where their clients wait least.

const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { describe, it } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { Connection } = require('./draining/connection.js');
const { scratch, startOurs, until } = require('./support.js');

const timeout = 60_000;
const file = path.join(__dirname, 'rebalancing/program.js');
const REQUEST = 'GET / HTTP/1.1\r\nHost: any\r\n\r\n';

/** Starts the program and waits for its workers. */
async function serve(t, settings = {}, env = {}) {
  const program = startOurs(t, [file, JSON.stringify(settings)], { env });
  const [, port] = await program.line(/^listening \d+ (\d+)$/, settings.workers ?? 2);
  return { program, port: Number(port) };
}

/** What the primary knows of its connections. */
async function figuresOf(program) {
  const before = program.lines(/^\{/).length;
  program.tell('show(cluster.figures())');
  const [text] = await program.line(/^\{.*/, before + 1);
  return JSON.parse(text);
}

/** Waits until the figures are as wanted. */
async function figures(program, isRight, what) {
  let found;
  await until(
    async () => isRight((found = await figuresOf(program))),
    () => `${what}: ${JSON.stringify(found)}`,
  );
  return found;
}

const workerOf = (text) => Number(text.split(' ')[0]);

/** So many connections of which each has been answered once, with the worker that did. */
async function openMany(port, count, header = '') {
  const connections = await Promise.all(Array.from({ length: count }, () => Connection.open(port)));
  for (const connection of connections) {
    connection.send(REQUEST.replace('\r\n\r\n', `\r\n${header}\r\n`));
    connection.worker = workerOf((await connection.answer()).text);
  }
  return connections;
}

describe('an idle connection is parked', { concurrency: 2 }, () => {
  it('and served when its client speaks', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 6);
    let rounds = 0;
    let share;
    do {
      await figures(program, ({ parked }) => parked === 6, 'all to be parked');
      const texts = [];
      for (const connection of connections) texts.push(await connection.get('/'));
      // Each is the first request on a socket object of its own.
      assert.deepStrictEqual(
        texts.map((text) => text.split(' ')[1]),
        Array(6).fill('0'),
      );
      rounds++;
      const { accepted, moved, parked, closed } = await figuresOf(program);
      assert.deepStrictEqual([accepted, moved, parked, closed], [6, 6 * rounds, 0, 0]);
      share = texts.filter((text) => workerOf(text) === 1).length;
      // A worker that waits for a core is passed over: what shows once is enough.
    } while (share !== 3 && rounds < 3);
    // And the workers have as many.
    assert.strictEqual(share, 3);
  });

  it('and closed when its client hangs up, which no worker hears of', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 2);
    await figures(program, ({ parked }) => parked === 2, 'both to be parked');
    const { taken } = await figuresOf(program);
    connections[0].socket.end();
    connections[1].socket.resetAndDestroy();
    const after = await figures(program, ({ parked }) => parked === 0, 'both to be closed');
    assert.deepStrictEqual([after.closed, after.taken], [2, taken]);
    await connections[0].closed();
  });

  it('and closed when its idle time is over', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '5000' });
    const [connection] = await openMany(port, 1);
    await figures(program, ({ parked }) => parked === 1, 'it to be parked');
    await connection.closed();
    assert.strictEqual((await figuresOf(program)).closed, 1);
  });

  it('and kept where there is no keepAliveTimeout', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '0' });
    const [connection] = await openMany(port, 1);
    await figures(program, ({ parked }) => parked === 1, 'it to be parked');
    await delay(2500);
    assert.match(await connection.get('/'), /^\d 0$/);
  });

  it('whatever becomes of its worker', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 4);
    await figures(program, ({ parked }) => parked === 4, 'all to be parked');
    program.tell('cluster.fork()');
    await program.line(/^listening 3/);
    program.tell('for (const id of [1, 2]) cluster.workers[id].process.kill("SIGKILL")');
    await program.line(/^exit/, 2);
    for (const connection of connections) assert.strictEqual(await connection.get('/'), '3 0');
  });

  it('and closed with its server', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 2);
    await figures(program, ({ parked }) => parked === 2, 'both to be parked');
    program.tell('for (const worker of Object.values(cluster.workers)) worker.send("close")');
    for (const connection of connections) await connection.closed();
  });

  it('and goes to the worker of its key', { timeout }, async (t) => {
    const settings = { policy: 'sticky', key: 'cookie:by', workers: 3 };
    const { program, port } = await serve(t, settings, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 6);
    await figures(program, ({ parked }) => parked === 6, 'all to be parked');
    for (const connection of connections) {
      connection.send(REQUEST.replace('\r\n\r\n', `\r\nCookie: by=${connection.worker}\r\n\r\n`));
      assert.strictEqual((await connection.answer()).text, `${connection.worker} 0`);
    }
  });

  it('unless the program has pinned it', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    const [pinned, other] = await openMany(port, 2);
    await pinned.get('/pin');
    await other.get('/');
    await figures(program, ({ parked }) => parked === 1, 'the other to be parked');
    await delay(1500);
    assert.strictEqual(await pinned.get('/'), `${pinned.worker} 2`);
    assert.strictEqual((await figuresOf(program)).moved, 1);
  });

  it('near the limit of descriptors the longest idle make room', { timeout }, async (t) => {
    const { spawnSync } = require('node:child_process');
    if (spawnSync('prlimit', ['--version']).status !== 0) return t.skip('prlimit is missing: install util-linux');
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    spawnSync('prlimit', ['--pid', `${program.child.pid}`, '--nofile=220:220']);
    const connections = await openMany(port, 150);
    const { evicted, parked } = await figures(
      program,
      ({ parked, evicted }) => parked + evicted >= 150,
      'all to be parked',
    );
    assert.ok(evicted > 0 && parked > 0, `${evicted} ${parked}`);
    // Whoever has come last is still there, and so is the service.
    assert.match(await connections.at(-1).get('/'), /^\d 0$/);
    assert.match((await openMany(port, 1))[0].head, /^HTTP\/1.1 200/);
  });
});

describe('connections move', { concurrency: 2 }, () => {
  it('away from a worker that is stuck again and again', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 8);
    program.tell('cluster.workers[1].send("block")');
    await until(async () => {
      const workers = await Promise.all(connections.map(async (connection) => workerOf(await connection.get('/'))));
      return workers.every((worker) => worker === 2);
    }, 'all clients to be answered by the other worker');
    const stuck = connections.filter(({ worker }) => worker === 1);
    assert.ok((await figuresOf(program)).moved >= stuck.length);
  });

  it('to a worker that has joined', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 30);
    program.tell('cluster.fork()');
    await program.line(/^listening 3/);
    await until(async () => {
      const workers = await Promise.all(connections.map(async (connection) => workerOf(await connection.get('/'))));
      return workers.filter((worker) => worker === 3).length >= 7;
    }, 'a fair share for the new worker');
  });

  it('not where nobody is stuck', { timeout }, async (t) => {
    const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 8);
    for (let i = 0; i < 200; i++) await Promise.all(connections.map((connection) => connection.get('/')));
    // A machine that is busy with other things may have made a worker look stuck for a moment.
    const { moved } = await figuresOf(program);
    assert.ok(moved <= 16, `${moved} of 1600`);
  });

  it('not where that is switched off', { timeout }, async (t) => {
    const { program, port } = await serve(t, { rebalance: false }, { KEEP_ALIVE: '60000' });
    const connections = await openMany(port, 2);
    program.tell('cluster.workers[1].send("block")');
    for (let i = 0; i < 4; i++) await Promise.all(connections.map((connection) => connection.get('/')));
    await delay(4500);
    const { moved, parked } = await figuresOf(program);
    assert.deepStrictEqual([moved, parked], [0, 0]);
  });
});

it('a worker that is busy with a request gets no connection meanwhile', { timeout }, async (t) => {
  const release = path.join(scratch(t), 'release');
  const { program, port } = await serve(t, {}, { KEEP_ALIVE: '60000', RELEASE: release });
  const [holder] = await openMany(port, 1);
  holder.send(REQUEST.replace('/ ', '/hold '));
  await program.line(/^holding$/);
  const { takenBack } = await figuresOf(program);
  const others = await openMany(port, 8);
  assert.ok(others.every(({ worker }) => worker !== holder.worker));
  assert.strictEqual((await figuresOf(program)).takenBack, takenBack);
  fs.writeFileSync(release, '');
  await holder.answer();
});

describe('queue time', () => {
  it('is counted for each listener', { timeout }, async (t) => {
    const { program, port } = await serve(t);
    await openMany(port, 5);
    const { listeners } = await figures(
      program,
      (found) => found.listeners[0].queueTime.count === 5,
      'all to be counted',
    );
    const [{ address, port: counted, queueTime }] = listeners;
    assert.deepStrictEqual([listeners.length, address, counted], [1, '127.0.0.1', port]);
    assert.strictEqual(
      queueTime.buckets.reduce((sum, { count }) => sum + count, 0),
      5,
    );
    assert.ok(queueTime.sum > 0);
    assert.deepStrictEqual([queueTime.buckets[0].upTo, queueTime.buckets.at(-1).upTo], [0.1, null]); // null is JSON's Infinity
  });

  it('tells of a stuck worker, and stays when that has ended', { timeout }, async (t) => {
    const { program, port } = await serve(t, { workers: 1 });
    const [connection] = await openMany(port, 1);
    connection.send(REQUEST.replace('/ ', '/block?ms=400 '));
    await delay(50);
    await openMany(port, 1);
    const isSlow = ({ listeners }) =>
      listeners[0].queueTime.buckets.some(({ upTo, count }) => (upTo === null || upTo > 100) && count > 0);
    await figures(program, isSlow, 'the slow one to be counted');
    program.tell('cluster.fork()');
    await program.line(/^listening 2/);
    program.tell('cluster.workers[1].process.kill("SIGKILL")');
    await program.line(/^exit 1/);
    assert.ok(isSlow(await figuresOf(program)));
  });
});

describe('with maxWait, what waits for too long is refused', { concurrency: 2 }, () => {
  const blocked = async (t) => {
    const { program, port } = await serve(t, { workers: 1, maxWait: 300 });
    program.tell('cluster.workers[1].send("stop")');
    await delay(100);
    return { program, port };
  };

  it('with an answer, if it is HTTP', { timeout }, async (t) => {
    const { program, port } = await blocked(t);
    const connection = await Connection.open(port);
    connection.send('POST /x HTTP/1.1\r\nHost: any\r\nContent-Length: 5\r\n\r\nhello');
    const { status, closes } = await connection.answer();
    assert.deepStrictEqual([status, closes], ['503', true]);
    assert.match(connection.head, /^retry-after: 1$/im);
    await connection.closed();
    const { shed, closed, waiting } = await figuresOf(program);
    assert.deepStrictEqual([shed, closed, waiting], [1, 1, 0]);
  });

  it('without one, if it is something else, or nothing', { timeout }, async (t) => {
    const { program, port } = await blocked(t);
    for (const text of ['\x16\x03\x01', '']) {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => {}).on('data', () => assert.fail('no answer was due'));
      socket.write(text);
      await new Promise((resolve) => socket.on('close', resolve));
    }
    assert.strictEqual((await figuresOf(program)).shed, 2);
  });
});
