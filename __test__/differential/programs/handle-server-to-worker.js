'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    worker.send('server', server, () => {
      console.log('listening', server.listening);
      server.close(() => {
        net
          .connect(port, '127.0.0.1')
          .setEncoding('utf8')
          .on('data', (text) => console.log(text))
          .on('close', () => worker.kill());
      });
    });
  });
  worker.on('message', (message) => console.log(message));
  cluster.on('listening', () => console.log('listening event'));
} else {
  process.on('message', (message, server) => {
    process.send([message, server.constructor.name, server.listening, server.address().address]);
    server.on('connection', (socket) => socket.end('accepted by the worker'));
  });
}
