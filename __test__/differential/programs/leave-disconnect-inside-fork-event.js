'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.on('fork', (worker) => {
    console.log('fork', worker.state);
    worker.disconnect();
  });
  cluster.on('online', (worker) => console.log('online', worker.state));
  cluster.on('disconnect', (worker) => console.log('disconnect', worker.state));
  cluster.on('exit', (worker, code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
  cluster.fork();
}
