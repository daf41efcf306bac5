'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    if (message < 1000) return worker.send(message + 1);
    console.log(message);
    worker.disconnect();
  });
  worker.send(0);
} else {
  process.on('message', (message) => process.send(message + 1));
}
