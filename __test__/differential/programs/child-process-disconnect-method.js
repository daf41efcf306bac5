'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    console.log(worker.process.connected, worker.process.disconnect(), worker.process.connected);
    worker.process.once('error', (error) => console.log('error', error.name, error.code, error.message));
    worker.process.disconnect();
  });
  worker.on('error', (error) => console.log('worker error', error.code));
  worker.on('disconnect', () => console.log('disconnect', worker.exitedAfterDisconnect));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  process.on('disconnect', () => console.log('worker sees it', cluster.worker.exitedAfterDisconnect));
  setInterval(() => {}, 1000);
}
