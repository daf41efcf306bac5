'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  const first = net.createServer().listen(0, '0.0.0.0', () => {
    const second = net.createServer().listen(first.address().port, '127.0.0.1');
    second.on('error', (error) => process.send([error.code, error.syscall, error.address], () => process.exit()));
    second.on('listening', () => process.send('both', () => process.exit()));
  });
}
