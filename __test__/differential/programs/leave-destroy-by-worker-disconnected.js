'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  cluster.worker.exitedAfterDisconnect = true;
  process.on('disconnect', () => {
    console.log('connected', cluster.worker.isConnected());
    cluster.worker.destroy();
    console.log('must not be seen');
  });
  process.disconnect();
  setInterval(() => {}, 1000);
}
