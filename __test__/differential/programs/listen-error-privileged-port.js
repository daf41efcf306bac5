'use strict';
const cluster = require('cluster');
const net = require('net');

// As root the primary gives up its rights first.
if (cluster.isPrimary) {
  if (process.getuid() === 0) process.setuid(65534);
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  net
    .createServer()
    .listen(81, '127.0.0.1', () => process.send('listening'))
    .on('error', (error) => {
      process.send({ ...error, message: error.message, name: error.name });
    });
}
