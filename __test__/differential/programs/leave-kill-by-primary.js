'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => {
    console.log('returns', worker.kill(), worker.exitedAfterDisconnect, worker.state, worker.process.killed);
  });
  worker.on('disconnect', () => console.log('disconnect', worker.exitedAfterDisconnect));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  net.createServer().listen(0, '127.0.0.1');
}
