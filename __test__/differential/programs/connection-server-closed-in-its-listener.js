'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) => {
    net.connect(port, '127.0.0.1').once('data', function () {
      setTimeout(
        () =>
          net.connect(port, '127.0.0.1').on('error', (error) => {
            console.log(error.code);
            this.end();
          }),
        100,
      );
    });
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const server = net
    .createServer((socket) => {
      server.close(() => process.send('closed', () => process.disconnect()));
      socket.write('last one');
      socket.resume().on('end', () => socket.end());
    })
    .listen(0, '127.0.0.1');
}
