// ours: [ 'early 1', 'early 2' ]
'use strict';
const cluster = require('cluster');

// What comes before the first listener waits for it; the built-in module loses it.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.send('early 1');
  worker.send('early 2');
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  setTimeout(() => {
    const received = [];
    process.on('message', (message) => {
      received.push(message);
      if (received.length === 2) process.send(received);
    });
  }, 200);
}
