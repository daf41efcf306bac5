'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  let left = 3;
  cluster.on('exit', (worker, code, signal) => {
    console.log(worker.id, code, signal, Object.keys(cluster.workers));
    if (--left > 0) cluster.fork();
  });
  cluster.fork();
} else {
  process.exit(cluster.worker.id);
}
