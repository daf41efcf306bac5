'use strict';
const cluster = require('cluster');
const net = require('net');

// The only worker has room for one connection: the second waits until the first has gone.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    const log = [];
    const first = net.connect(port, '127.0.0.1').once('data', () => {
      const second = net.connect(port, '127.0.0.1').once('data', () => {
        log.push('second served');
        console.log(log);
        second.destroy();
        worker.kill();
      });
      second.on('error', () => {});
      setTimeout(() => {
        log.push('first ends');
        first.end();
      }, 200);
    });
    first.on('error', () => {});
  });
} else {
  const server = net.createServer((socket) => {
    socket.write('hello');
    socket.resume().on('end', () => socket.end());
  });
  server.maxConnections = 1;
  server.listen(0, '127.0.0.1');
}
