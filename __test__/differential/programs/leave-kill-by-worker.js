'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('disconnect', () => console.log('disconnect', worker.exitedAfterDisconnect));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  setTimeout(() => {
    console.log('returns', cluster.worker.kill(), cluster.worker.state, cluster.worker.exitedAfterDisconnect);
    cluster.worker.kill();
  }, 50);
}
