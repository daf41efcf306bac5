'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer({ pauseOnConnect: true }, (socket) => {
        console.log('sent', worker.send({ take: 1 }, socket), socket.destroyed);
        server.close(() => console.log('server closed'));
      })
      .listen(0, '127.0.0.1', () => {
        const client = net.connect(server.address().port, '127.0.0.1').setEncoding('utf8');
        client.on('data', (text) => console.log(text)).on('end', () => console.log('client end'));
        client.on('close', () => worker.disconnect());
      });
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', (message, socket) => {
    socket.end(
      `worker got ${JSON.stringify(message)} ${socket.constructor.name} ${socket.isPaused()} ${socket.remoteAddress}`,
    );
  });
}
