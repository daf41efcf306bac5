'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  const socket = dgram.createSocket('udp4');
  socket.on('listening', () => socket.close());
  socket.on('close', () => process.send('closed', () => process.disconnect()));
  socket.bind(0, '127.0.0.1');
}
