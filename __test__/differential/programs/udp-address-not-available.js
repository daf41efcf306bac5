'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  dgram
    .createSocket('udp4')
    .on('error', (error) => {
      process.send({ ...error, message: error.message });
    })
    .bind(45678, '192.0.2.1');
}
