'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    const socket = net.connect(port, '127.0.0.1').once('data', () => {
      worker.disconnect();
      setTimeout(() => {
        net
          .connect(port, '127.0.0.1')
          .on('connect', () => console.log('connected'))
          .on('error', (error) => {
            console.log(error.code);
            socket.end();
          });
      }, 100);
    });
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  net
    .createServer((socket) => {
      socket.write('hello');
      socket.resume().on('end', () => socket.end());
    })
    .listen(0, '127.0.0.1');
}
