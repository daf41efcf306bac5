'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  const server = net.createServer();
  const before = server.address();
  server.listen(0, '127.0.0.1', () => {
    const { port, ...rest } = server.address();
    process.send([before, rest, typeof port, server.listening]);
    server.close(() => {
      process.send([server.address(), server.listening], () => process.disconnect());
    });
    process.send([server.address(), server.listening]);
  });
}
