'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (port) => {
    setTimeout(() => {
      net
        .createServer()
        .listen(port, '127.0.0.1', function () {
          console.log('free again');
          this.close();
          worker.disconnect();
        })
        .on('error', (error) => console.log(error.code));
    }, 50);
  });
} else {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => process.send(port));
  });
}
