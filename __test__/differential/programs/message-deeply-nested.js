'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  let deep = [];
  for (let i = 0; i < 500; i++) deep = [deep];
  worker.on('message', (message) => {
    console.log(JSON.stringify(message) === JSON.stringify(deep));
    worker.disconnect();
  });
  worker.send(deep);
} else {
  process.on('message', (message) => process.send(message));
}
