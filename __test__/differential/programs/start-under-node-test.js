// as: test
'use strict';
const assert = require('assert');
const cluster = require('cluster');
const { test } = require('node:test');

if (cluster.isPrimary) {
  test('a worker answers', async () => {
    const worker = cluster.fork();
    const message = await new Promise((resolve) => worker.on('message', resolve));
    assert.strictEqual(message, 'from worker 1');
    await new Promise((resolve) => worker.on('exit', resolve));
  });
} else {
  process.send(`from worker ${cluster.worker.id}`, () => process.disconnect());
}
