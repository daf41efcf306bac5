'use strict';
const cluster = require('cluster');

// While the worker doesn't read, the socket fills up and send() says so; yet everything arrives.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    if (message !== 'busy') {
      console.log(message);
      return worker.disconnect();
    }
    let refused = false;
    let sent = 0;
    while (!refused && sent < 10000) {
      refused = !worker.send('x'.repeat(10000));
      sent++;
    }
    console.log('refused', refused);
    worker.send({ sent });
  });
} else {
  let received = 0;
  process.on('message', (message) => {
    if (message.sent) process.send({ all: message.sent === received });
    else received++;
  });
  process.send('busy', () => {
    const end = Date.now() + 700;
    while (Date.now() < end);
  });
}
