'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  const server = net.createServer().listen(0, '127.0.0.1', async () => {
    await server[Symbol.asyncDispose]();
    process.send(['disposed', server.listening], () => process.disconnect());
  });
}
