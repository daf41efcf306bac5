'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => console.log('online'));
  worker.on('message', (message) => console.log(message));
  worker.on('listening', () => console.log('listening'));
  worker.on('exit', () => console.log('exit'));
} else {
  process.send('before listen');
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    process.send('in callback');
    process.nextTick(() => {
      process.send('last');
      server.close(() => process.disconnect());
    });
  });
  process.send('after listen');
}
