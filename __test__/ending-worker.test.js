'use strict';

// A worker that ends by itself, because it has nothing left to do: what is queued for it meanwhile, others answer.

const assert = require('node:assert');
const { test } = require('node:test');
const { getMany, startOurs, write } = require('./support.js');

const REQUESTS = 40;

/** Serves with two workers. Told to, the first ends by itself, and both are busy while it does. */
function program() {
  const cluster = require('cluster');
  const fs = require('node:fs');
  const http = require('node:http');

  if (cluster.isPrimary) {
    let listening = 0;
    cluster.on('listening', (worker, { port }) => {
      if (++listening === 2) console.log(`port ${port}`);
    });
    cluster.on('exit', (worker, code) => console.log(`exit ${worker.id} ${code}`));
    cluster.fork();
    cluster.fork();
    process.stdin.once('data', () => {
      for (const worker of Object.values(cluster.workers)) worker.send('');
    });
    return;
  }

  const never = new Int32Array(new SharedArrayBuffer(4));
  const beBusy = (milliseconds) => {
    fs.writeSync(1, 'busy\n');
    Atomics.wait(never, 0, 0, milliseconds);
  };
  const server = http.createServer((request, response) => response.end(String(cluster.worker.id)));
  server.listen(0, '127.0.0.1');
  process.once('message', () => {
    if (cluster.worker.id === 2) return beBusy(2000);
    server.unref();
    process.channel.unref();
    process.on('exit', () => beBusy(1000));
  });
}

test('a worker has nothing left to do and ends: others answer', { timeout: 120_000 }, async (t) => {
  const primary = startOurs(t, [write(t, program)]);
  const [, port] = await primary.line(/^port (\d+)$/);
  primary.tell('');
  await primary.line(/^busy$/, 2);
  assert.deepStrictEqual(await getMany(REQUESTS, port), Array(REQUESTS).fill('2'));
  await primary.line(/^exit 1 0$/);
});
