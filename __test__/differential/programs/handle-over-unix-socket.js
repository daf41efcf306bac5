'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer((socket) => {
        worker.send('unix', socket);
        server.close();
      })
      .listen('passed.sock', () => {
        net
          .connect('passed.sock')
          .setEncoding('utf8')
          .on('data', (text) => console.log(text))
          .on('close', () => worker.disconnect());
      });
  });
} else {
  process.on('message', (message, socket) =>
    socket.end(`${message} ${socket.constructor.name} ${socket._handle.constructor.name}`),
  );
}
