'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      for (const message of [null, undefined, 0, '', false]) {
        try {
          worker.send(message, server);
        } catch (error) {
          console.log(error.code);
        }
      }
      server.close();
    });
  });
  let answers = 0;
  worker.on('message', (message) => {
    console.log(message);
    if (++answers === 4) worker.disconnect();
  });
} else {
  process.on('message', (message, server) => {
    process.send([message, server.constructor.name]);
    server.close();
  });
}
