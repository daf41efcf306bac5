'use strict';

// A primary whose event loop is blocked: connections are answered all the same.

const assert = require('node:assert');
const { test } = require('node:test');
const fs = require('node:fs');
const path = require('node:path');
const { get, scratch, start, startOurs, write } = require('./support.js');

const REQUESTS = 200;

/** Serves with two workers. Told to, the primary does nothing for 2 s, and then until `finish` exists. */
function program({ finish }) {
  const cluster = require('cluster');
  const fs = require('node:fs');
  const http = require('node:http');

  if (cluster.isWorker) {
    const server = http.createServer((request, response) => response.end('answered'));
    server.listen(0, '127.0.0.1');
    return;
  }
  let listening = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++listening === 2) console.log(`port ${port}`);
  });
  cluster.fork();
  cluster.fork();

  process.stdin.once('data', () => {
    const now = () => process.hrtime.bigint() / 1_000_000n; // of all processes
    const begin = now();
    fs.writeSync(1, `busy since ${begin}\n`);
    while (now() - begin < 2_000n || (!fs.existsSync(finish) && now() - begin < 60_000n));
    fs.writeSync(1, `free since ${now()}\n`);
  });
}

/** Gives the times of the answers, and the time when the primary's loop was free again. */
async function measure(t, launch, answeredWhileBusy) {
  const finish = path.join(scratch(t), 'finish');
  const primary = launch(t, [write(t, program, { finish })]);
  const [, port] = await primary.line(/^port (\d+)$/);
  primary.tell('be busy');
  await primary.line(/^busy since/);

  const requests = Array.from({ length: REQUESTS }, async () => {
    assert.strictEqual(await get(port, { timeout: 90_000 }), 'answered');
    return process.hrtime.bigint() / 1_000_000n;
  });
  const release = () => fs.writeFileSync(finish, '');
  if (answeredWhileBusy) await Promise.race([Promise.all(requests), primary.line(/^free since/, 1, 90_000)]);
  release();
  const [, free] = await primary.line(/^free since (\d+)$/, 1, 90_000);
  return { answers: await Promise.all(requests), free: BigInt(free) };
}

test('200 new connections are answered while the primary is busy', { timeout: 120_000 }, async (t) => {
  const { answers, free } = await measure(t, startOurs, true);
  assert.strictEqual(answers.filter((answered) => answered < free).length, REQUESTS);
});

test('on the built-in module none is: the test can fail', { timeout: 120_000 }, async (t) => {
  const { answers, free } = await measure(t, start, false);
  assert.strictEqual(answers.filter((answered) => answered < free).length, 0);
});
