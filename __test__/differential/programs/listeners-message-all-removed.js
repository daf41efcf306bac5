'use strict';
const cluster = require('cluster');

// A worker that takes all listeners away, the module's own included, and adds one gets its messages.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    if (message === 'ready') return worker.send('x');
    console.log(message);
    worker.kill();
  });
} else {
  process.removeAllListeners('message');
  process.on('message', (message) => process.send(`got ${message}`));
  process.send('ready');
}
