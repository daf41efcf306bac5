'use strict';
const cluster = require('cluster');

// unref() by hand holds, whatever listeners come later.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
  setTimeout(() => worker.kill(), 1000).unref();
} else {
  process.channel.unref();
  process.on('message', () => {});
}
