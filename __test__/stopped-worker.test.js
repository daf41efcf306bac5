'use strict';

// Connections that were handed to a worker which is stopped, stuck or dead: others answer them.

const assert = require('node:assert');
const { test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { get, getMany, kill, startOurs, stop, until, write } = require('./support.js');

const REQUESTS = 20;

/** Serves with two workers, which say who they are, or do as they are told. */
function program() {
  const cluster = require('cluster');
  const fs = require('node:fs');
  const http = require('node:http');

  if (cluster.isPrimary) {
    const pids = [];
    cluster.on('exit', (worker, code, signal) => console.log(`exit ${worker.process.pid} ${signal ?? code}`));
    cluster.on('listening', (worker, { port }) => {
      if (pids.push(worker.process.pid) === 2) console.log(`port ${port} pids ${pids.join()}`);
    });
    cluster.fork();
    cluster.fork();
    return;
  }
  const never = new Int32Array(new SharedArrayBuffer(4));
  const server = http.createServer((request, response) => {
    if (request.url !== '/') fs.writeSync(1, 'blocked\n');
    if (request.url === '/block') Atomics.wait(never, 0, 0, 2000);
    if (request.url === '/die') {
      Atomics.wait(never, 0, 0, 1000);
      process.exit(7);
    }
    response.end(String(process.pid));
  });
  server.listen(0, '127.0.0.1');
}

async function startWithTwo(t) {
  const primary = startOurs(t, [write(t, program)]);
  const [, port, pids] = await primary.line(/^port (\d+) pids (\S+)$/);
  const [first, second] = pids.split(',').map(Number);
  return { primary, port: Number(port), first, second };
}

const allBy = (pid) => Array(REQUESTS).fill(String(pid));

test('one of two workers is stopped, then killed: all requests are answered', { timeout: 120_000 }, async (t) => {
  const { port, first, second } = await startWithTwo(t);
  await stop(first);
  const answers = getMany(REQUESTS, port);
  await kill(first);
  assert.deepStrictEqual(await answers, allBy(second));
});

test('requests before, while and after a worker is stopped and killed', { timeout: 120_000 }, async (t) => {
  const { primary, port, first, second } = await startWithTwo(t);
  const before = await getMany(REQUESTS, port);
  assert.deepStrictEqual(new Set(before), new Set([String(first), String(second)]));
  await stop(first);
  assert.deepStrictEqual(await getMany(REQUESTS, port), allBy(second));
  await kill(first);
  await primary.line(new RegExp(`^exit ${first} SIGKILL$`));
  assert.deepStrictEqual(await getMany(REQUESTS, port), allBy(second));
});

test('a stopped worker goes on: it answers again', { timeout: 120_000 }, async (t) => {
  const { port, first, second } = await startWithTwo(t);
  await stop(first);
  assert.deepStrictEqual(await getMany(REQUESTS, port), allBy(second));
  process.kill(first, 'SIGCONT');
  await until(async () => (await getMany(REQUESTS, port)).includes(String(first)), 'an answer of the first worker');
});

test('a worker dies with connections in its queue: the other has them', { timeout: 120_000 }, async (t) => {
  const { port, first, second } = await startWithTwo(t);
  // With both stopped nobody is free, so that what is queued stays queued.
  await stop(first);
  await stop(second);
  const answers = getMany(REQUESTS, port);
  await delay(300);
  await kill(first);
  process.kill(second, 'SIGCONT');
  assert.deepStrictEqual(await answers, allBy(second));
});

test('both workers are stopped: the requests wait', { timeout: 120_000 }, async (t) => {
  const { port, first, second } = await startWithTwo(t);
  await stop(first);
  await stop(second);
  const answers = getMany(REQUESTS, port);
  await delay(300);
  process.kill(first, 'SIGCONT');
  assert.deepStrictEqual(await answers, allBy(first));
  process.kill(second, 'SIGCONT');
});

test(
  'a worker leaves while both are blocked and connections wait: the other has them',
  { timeout: 120_000 },
  async (t) => {
    const { primary, port } = await startWithTwo(t);
    const died = assert.rejects(get(port, { path: '/die' }), { code: 'ECONNRESET' });
    const blocked = get(port, { path: '/block' });
    await primary.line(/^blocked$/, 2);
    const answers = await getMany(REQUESTS, port);
    await died;
    const [, pid] = await primary.line(/^exit (\d+) 7$/);
    const by = new Set([...answers, await blocked]);
    assert.strictEqual(by.size, 1);
    assert.ok(!by.has(pid));
  },
);

test('a worker is stopped and goes on, again and again: no request hangs', { timeout: 120_000 }, async (t) => {
  const { port, first, second } = await startWithTwo(t);
  for (let round = 0; round < 30; round++) {
    process.kill(first, 'SIGSTOP');
    const answers = getMany(4, port);
    await delay(round); // Taking back begins after some tens of milliseconds.
    process.kill(first, 'SIGCONT');
    assert.strictEqual((await answers).length, 4);
  }
  await kill(first);
  assert.deepStrictEqual(await getMany(REQUESTS, port), allBy(second));
});
