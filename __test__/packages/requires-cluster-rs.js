'use strict';

// A test that asks for this package by its name, run by `node --test`.

const assert = require('assert');
const { once } = require('events');
const { test } = require('node:test');
const cluster = require('cluster-rs');

if (cluster.isPrimary) {
  test('a worker that does not run tests', async () => {
    cluster.setupPrimary({ args: ['worker'] });
    const worker = cluster.fork();
    const [message] = await once(worker, 'message');
    assert.deepStrictEqual(message, { isWorker: true, native: true, isBuiltin: true, args: ['worker'] });
    await once(worker, 'exit');
  });

  test('a server', async () => {
    cluster.setupPrimary({ args: ['server'] });
    const worker = cluster.fork();
    const [{ port }] = await once(worker, 'listening');
    const response = await fetch(`http://127.0.0.1:${port}`);
    assert.strictEqual(await response.text(), 'served');
    worker.disconnect();
    await once(worker, 'exit');
  });
} else if (process.argv[2] === 'server') {
  require('http')
    .createServer((request, response) => response.setHeader('Connection', 'close').end('served'))
    .listen(0, '127.0.0.1');
} else {
  const { isWorker, native } = cluster;
  const about = { isWorker, native, isBuiltin: cluster === require('cluster'), args: process.argv.slice(2) };
  process.send(about, () => process.disconnect());
}
