'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', ({ port }) => {
    net
      .connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.disconnect();
      });
  });
} else {
  const server = net
    .createServer((socket) => socket.end('at last'))
    .listen(0, '127.0.0.1', () => {
      process.send({ port: server.address().port }, () => {
        const end = Date.now() + 400;
        while (Date.now() < end);
      });
    });
}
