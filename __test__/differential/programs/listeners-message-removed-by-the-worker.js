'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    if (message === 'ready') return worker.send('x');
    console.log(message);
    worker.kill();
  });
} else {
  cluster.worker.on('message', () => process.send('on the worker object'));
  process.removeAllListeners('message');
  process.on('message', () => process.send('on process'));
  process.send('ready');
}
