'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => worker.disconnect());
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('beforeExit', (code) => console.log('beforeExit', code, process.connected));
  process.on('exit', (code) => console.log('exit in worker', code));
}
