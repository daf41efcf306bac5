'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const order = [];
  worker.on('online', () => {
    for (let i = 0; i < 50; i++) worker.send(i, () => order.push(i));
  });
  worker.on('message', (received) => {
    console.log(
      received.length,
      received.every((value, index) => value === index),
    );
    console.log(
      order.length,
      order.every((value, index) => value === index),
    );
    worker.disconnect();
  });
} else {
  const received = [];
  process.on('message', (message) => {
    received.push(message);
    if (received.length === 50) process.send(received);
  });
}
