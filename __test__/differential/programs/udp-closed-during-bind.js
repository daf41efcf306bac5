'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => console.log('listening must not be seen'));
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  const socket = dgram.createSocket('udp4');
  const events = [];
  for (const name of ['listening', 'close', 'error']) socket.on(name, () => events.push(name));
  socket.bind(0, '127.0.0.1');
  socket.close(() => events.push('callback'));
  setTimeout(() => process.send(events, () => process.disconnect()), 200);
}
