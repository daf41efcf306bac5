'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => worker.disconnect());
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  const socket = dgram.createSocket('udp4');
  socket.on('close', () => console.log('closed'));
  socket.bind(0, '127.0.0.1');
}
