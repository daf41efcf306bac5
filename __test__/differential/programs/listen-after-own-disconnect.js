'use strict';
const cluster = require('cluster');
const net = require('net');

// A worker that is leaving gets no server any more.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => console.log('listening'));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  cluster.worker.disconnect();
  net
    .createServer()
    .listen(0, '127.0.0.1', () => console.log('callback'))
    .on('error', (error) => console.log(error.code));
}
