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
    .listen(45678, '192.0.2.1')
    .on('error', (error) => {
      process.send({ ...error, message: error.message, name: error.name });
    });
}
