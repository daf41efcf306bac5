'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
    const worker = cluster.fork({ PORT: socket.address().port });
    worker.on('message', (message) => {
      console.log(message);
      worker.disconnect();
      socket.close();
    });
  });
} else {
  const port = Number(process.env.PORT);
  dgram
    .createSocket('udp4')
    .on('error', (error) => {
      process.send({ ...error, message: error.message, port: error.port === port });
    })
    .bind(port, '127.0.0.1', () => process.send('listening'));
}
