'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => worker.disconnect());
  worker.on('disconnect', () =>
    console.log('disconnect', worker.exitedAfterDisconnect, worker.isConnected(), worker.isDead()),
  );
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect, worker.isDead()));
}
