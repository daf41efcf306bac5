'use strict';
const cluster = require('cluster');

// What counts is what the object held when send() was called.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const message = { step: 1 };
    worker.send(message);
    message.step = 2;
    worker.send(message);
    message.step = 3;
  });
  const seen = [];
  worker.on('message', (message) => {
    seen.push(message.step);
    if (seen.length < 2) return;
    console.log(seen);
    worker.disconnect();
  });
} else {
  process.on('message', (message) => process.send(message));
}
