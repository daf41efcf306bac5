'use strict';

// After 100,000 connections through 4 workers, and 200 forks and kills: nothing of them is left in the primary.

const assert = require('node:assert');
const { test } = require('node:test');
const { childrenOf, descriptorsOf, startOurs, start, threadsOf, until, write } = require('./support.js');

const CONNECTIONS = 100_000;
const FORKS = 200;
const CLIENTS = 4;

/** Serves with 4 workers. Each line that it is told is a number of workers to fork and kill. */
function program() {
  const cluster = require('cluster');
  const net = require('node:net');

  if (cluster.isWorker) {
    const server = net.createServer((socket) => socket.on('error', () => {}).end('answered'));
    server.listen(0, '127.0.0.1');
    return;
  }
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready === 4)
      console.log(`port ${port} workers ${Object.values(cluster.workers).map(({ process }) => process.pid)}`);
  });
  for (let i = 0; i < 4; i++) cluster.fork();

  const signals = ['SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGINT'];
  // At each of these moments some are killed.
  const moments = ['fork', 'online', 'listening', 'now'];
  const all = []; // A program may keep them.

  /** Forks a worker, kills it at one of the moments, and calls back when it has left. */
  function forkAndKill(count, callback) {
    const worker = cluster.fork();
    all.push(worker);
    const moment = moments[count % moments.length];
    const signal = signals[(count >> 2) % signals.length];
    let left = 2;
    const leave = () => --left === 0 && callback();
    worker
      .on('exit', leave)
      .on('disconnect', leave)
      .on('error', () => {});
    if (moment === 'now') worker.kill(signal);
    else if (moment === 'fork') cluster.once('fork', () => worker.kill(signal));
    else worker.once(moment, () => worker.kill(signal));
  }

  process.stdin.on('data', (text) => {
    let forked = 0;
    let done = 0;
    const count = Number(text);
    const next = () =>
      forked < count &&
      forkAndKill(forked++, () => {
        if (++done === count) console.log(`${count} have left`);
        else next();
      });
    for (let i = 0; i < 4; i++) next();
  });
}

/** Makes connections, each on its own, from an address of its own, and says how many were answered. */
function client({ port, address, count }) {
  const net = require('node:net');
  let started = 0;
  let answered = 0;
  const failures = new Map();

  function next() {
    if (started === count) return;
    started++;
    let text = '';
    let failure;
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: address });
    socket.setTimeout(60_000, () => socket.destroy(new Error('hangs')));
    socket.setEncoding('latin1').on('data', (part) => (text += part));
    socket.on('error', (error) => (failure = error.code ?? error.message));
    socket.on('close', () => {
      if (text === 'answered') answered++;
      else failures.set(failure, (failures.get(failure) ?? 0) + 1);
      next();
    });
  }
  for (let i = 0; i < 32; i++) next();
  process.on('exit', () => console.log(`${answered} answered ${JSON.stringify([...failures])}`));
}

/** What of a process could leak: its descriptors by kind, its children, its threads. */
function belongings(pid) {
  const kinds = {};
  for (const [, name] of descriptorsOf(pid)) {
    const kind = name.replace(/\[\d+\]/, '');
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return { kinds, children: childrenOf(pid).length, threads: threadsOf(pid) };
}

/** Waits until a process has what it had. */
async function assertSame(pid, before, who) {
  const same = () => {
    try {
      assert.deepStrictEqual(belongings(pid), before);
      return true;
    } catch {
      return false;
    }
  };
  await until(same, 'what was there before', 20_000).catch(() => assert.deepStrictEqual(belongings(pid), before, who));
}

/** Makes so many connections, by several clients at once. All are to be answered. */
async function makeConnections(t, port, total) {
  const count = total / CLIENTS;
  const clients = Array.from({ length: CLIENTS }, (_, i) =>
    start(t, [write(t, client, { port, address: `127.0.0.${i + 2}`, count })]),
  );
  for (const one of clients) {
    await one.end(240_000);
    assert.strictEqual(one.output, `\n${count} answered []\n`);
  }
}

test('100,000 connections, 200 forks and kills', { timeout: 300_000 }, async (t) => {
  const primary = startOurs(t, [write(t, program)]);
  const [, port, pids] = await primary.line(/^port (\d+) workers (\S+)$/);
  const workers = pids.split(',').map(Number);

  // What is needed once is there for good.
  primary.tell(8);
  await primary.line(/^8 have left$/);
  await makeConnections(t, Number(port), 400);
  await until(() => childrenOf(primary.pid).length === 4, 'four workers');
  const before = belongings(primary.pid);
  const beforeInWorkers = workers.map(belongings);

  await makeConnections(t, Number(port), CONNECTIONS);
  for (const [i, pid] of workers.entries()) await assertSame(pid, beforeInWorkers[i], `worker ${i + 1}`);
  await assertSame(primary.pid, before, 'the primary, after the connections');

  primary.tell(FORKS);
  await primary.line(/^200 have left$/, 1, 120_000);
  await assertSame(primary.pid, before, 'the primary, after the forks');
  assert.strictEqual(primary.stderr, '');
});
