'use strict';
const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  cluster.fork().on('listening', function () {
    this.disconnect();
  });
  cluster.on('disconnect', (worker) => console.log('disconnect', worker.exitedAfterDisconnect));
  cluster.on('exit', (worker, code, signal) => console.log('exit', code, signal, Object.keys(cluster.workers)));
} else {
  process.once('disconnect', () => setTimeout(() => {}, 100));
  const server = http.createServer().listen(0, '127.0.0.1');
  server.on('close', () => console.log('server closed'));
}
