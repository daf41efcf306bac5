'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.send('early');
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  cluster.worker.on('message', (message) => process.send(`worker object: ${message}`));
}
