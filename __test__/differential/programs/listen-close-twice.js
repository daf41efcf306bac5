'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  const server = net.createServer();
  server.listen(0, '127.0.0.1', () => {
    try {
      server.listen(0);
    } catch (error) {
      process.send([error.name, error.code, error.message]);
    }
    server.close((first) => {
      server.close((second) => {
        process.send([first?.code, second?.code, second?.message], () => process.disconnect());
      });
    });
  });
}
