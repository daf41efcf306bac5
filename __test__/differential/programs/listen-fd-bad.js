'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  net
    .createServer()
    .listen({ fd: 999 })
    .on('error', (error) => {
      process.send({ ...error, message: error.message });
    })
    .on('listening', () => process.send('listening'));
}
