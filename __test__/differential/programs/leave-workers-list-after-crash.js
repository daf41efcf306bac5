'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('disconnect', () => console.log('disconnect', worker.id in cluster.workers, worker.isDead()));
  worker.on('exit', () => console.log('exit', worker.id in cluster.workers, worker.isConnected()));
} else {
  setTimeout(() => process.exit(1), 100);
}
