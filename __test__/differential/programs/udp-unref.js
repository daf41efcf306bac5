'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1', () => {
    console.log(socket.unref() === socket);
    process.channel.unref();
  });
}
