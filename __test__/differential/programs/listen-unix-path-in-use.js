'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const server = net.createServer().listen('taken.sock', () => {
    const worker = cluster.fork();
    worker.on('message', (message) => {
      console.log(message);
      worker.disconnect();
    });
    worker.on('exit', () => server.close());
  });
} else {
  net
    .createServer()
    .listen('taken.sock')
    .on('error', (error) => {
      process.send({ ...error, message: error.message, name: error.name });
    });
}
