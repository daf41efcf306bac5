'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  console.log(
    worker.disconnect() === worker,
    worker.exitedAfterDisconnect,
    Object.keys(cluster.workers),
    worker.isConnected(),
  );
  for (const name of ['online', 'disconnect', 'exit']) {
    worker.on(name, (...values) => console.log(name, ...values, worker.state));
  }
}
