'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => console.log('listening'));
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  const server = net.createServer();
  server.listen(0, '127.0.0.1', () => {
    server.close((error) => process.send(['closed', error?.code, server.listening], () => process.disconnect()));
  });
}
