'use strict';

// A server whose workers each say which of them a client has reached.

const cluster = require('cluster');
const net = require('net');
const { options, say } = require('./options.js');

if (cluster.isPrimary) {
  let listening = 0;
  cluster.on('listening', () => {
    if (++listening < options.workers) return;
    say({ workers: Object.values(cluster.workers).map((worker) => worker.process.pid) });
  });
  for (let i = 0; i < options.workers; i++) cluster.fork();
} else {
  net
    .createServer((socket) => socket.on('error', () => {}).end(String(cluster.worker.id)))
    .listen({ port: options.port, host: '127.0.0.1', reusePort: options.reusePort });
}
