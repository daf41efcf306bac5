'use strict';
const cluster = require('cluster');
const net = require('net');
const path = require('path');

// Clients find what listens in the abstract namespace.
const name = `\0connect-${path.basename(process.cwd())}-${cluster.isPrimary ? process.pid : process.ppid}`;

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => {
    const socket = net.connect({ path: name }).setEncoding('utf8');
    socket.on('error', (error) => console.log(error.code));
    socket.on('data', (text) => console.log(text));
    socket.on('close', () => worker.disconnect());
  });
} else {
  net.createServer((socket) => socket.end('found')).listen(name);
}
