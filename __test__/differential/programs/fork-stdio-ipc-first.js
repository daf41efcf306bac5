'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ stdio: ['ipc', 'inherit', 'inherit'] });
  const worker = cluster.fork();
  console.log(worker.process.stdio, worker.process.stdin);
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.send('by the channel at 0');
}
