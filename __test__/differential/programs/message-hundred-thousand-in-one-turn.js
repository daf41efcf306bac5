'use strict';
const cluster = require('cluster');

const total = 100000;
if (cluster.isPrimary) {
  const worker = cluster.fork();
  let callbacks = 0;
  worker.on('online', () => {
    for (let i = 0; i < total; i++) worker.send(i, () => callbacks++);
  });
  worker.on('message', (message) => {
    console.log(message, callbacks);
    worker.disconnect();
  });
} else {
  let next = 0;
  let ordered = true;
  process.on('message', (message) => {
    ordered &&= message === next++;
    if (next === total) process.send({ next, ordered });
  });
}
