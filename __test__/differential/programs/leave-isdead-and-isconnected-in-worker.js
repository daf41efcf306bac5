'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  const { worker } = cluster;
  process.send([worker.isDead(), worker.isConnected(), worker.process === process, process.exitCode ?? null], () => {
    process.exitCode = 0;
    process.send(['with an exit code', worker.isDead()], () => process.disconnect());
  });
}
