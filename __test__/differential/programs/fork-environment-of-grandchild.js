'use strict';
const cluster = require('cluster');
const { execFileSync } = require('child_process');

// What a worker starts by itself must not take itself for a worker.
if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  const script =
    'const c = require("cluster"); console.log(c.isPrimary, c.isWorker, typeof process.send, process.env.NODE_UNIQUE_ID)';
  process.send(execFileSync(process.execPath, ['-e', script]).toString().trim(), () => process.disconnect());
}
