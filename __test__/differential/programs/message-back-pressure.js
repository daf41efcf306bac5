'use strict';
const cluster = require('cluster');

// Once the socket is full send() says so, yet everything arrives.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    let refused = false;
    let sent = 0;
    while (!refused && sent < 100000) {
      refused = !worker.send('x'.repeat(10000));
      sent++;
    }
    console.log('refused', refused, sent < 100000);
    worker.send({ sent });
  });
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  let received = 0;
  process.on('message', (message) => {
    if (message.sent) process.send({ all: message.sent === received });
    else received++;
  });
}
