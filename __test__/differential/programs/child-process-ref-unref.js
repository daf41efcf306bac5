'use strict';
const cluster = require('cluster');

// With the process and the channel unreferenced, nothing keeps the primary alive; the worker then leaves as well.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    console.log('online', worker.process.unref(), worker.process.channel.unref());
  });
  worker.on('exit', () => console.log('exit must not be seen'));
  process.on('exit', (code) => console.log('primary exit', code));
} else {
  setInterval(() => {}, 1000);
}
