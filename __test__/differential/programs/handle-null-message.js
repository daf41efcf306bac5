'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      try {
        worker.send(undefined, server);
      } catch (error) {
        console.log(error.code);
      }
      worker.send(null, server, () => server.close());
    });
  });
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.on('message', (message, server) => {
    server.close();
    process.send([message, server.constructor.name]);
  });
}
