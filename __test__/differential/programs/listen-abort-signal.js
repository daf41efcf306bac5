'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  const controller = new AbortController();
  const server = net.createServer();
  server.on('close', () => process.send('closed', () => process.disconnect()));
  server.listen({ port: 0, host: '127.0.0.1', signal: controller.signal }, () => {
    process.send('listening');
    controller.abort();
  });
}
