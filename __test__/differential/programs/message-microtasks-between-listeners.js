'use strict';
const cluster = require('cluster');

// The primary is busy until all messages are there, so that they come in one batch.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    if (message === 'go') {
      const end = Date.now() + 300;
      while (Date.now() < end);
      return;
    }
    console.log('message', message);
    Promise.resolve().then(() => console.log('microtask of', message));
    process.nextTick(() => console.log('next tick of', message));
  });
} else {
  process.send('go', () =>
    setTimeout(() => {
      for (let i = 0; i < 4; i++) process.send(i);
      process.disconnect();
    }, 50),
  );
}
