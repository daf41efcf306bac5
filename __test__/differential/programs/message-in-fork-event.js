'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.on('fork', (worker) => worker.send({ config: true }));
  cluster.on('message', (worker, message) => {
    console.log(message);
    worker.disconnect();
  });
  cluster.fork();
} else {
  process.once('message', (message) => process.send(message));
}
