'use strict';
const cluster = require('cluster');

// Sent before the worker is even running.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  console.log(worker.send('early 1'), worker.send('early 2'));
  const received = [];
  worker.on('message', (message) => {
    received.push(message);
    if (received.length === 2) {
      console.log(received);
      worker.disconnect();
    }
  });
} else {
  process.on('message', (message) => process.send(`got ${message}`));
}
