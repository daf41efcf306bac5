'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('disconnect', () => console.log('disconnect'));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  setTimeout(() => {
    throw new TypeError('from the worker');
  }, 100);
}
