'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) => {
    let connected = 0;
    const sockets = [1, 2, 3].map(() =>
      net.connect(port, '127.0.0.1').once('data', () => {
        if (++connected < 3) return;
        worker.send('count');
        worker.once('message', () => {
          sockets.forEach((socket) => socket.end());
          worker.disconnect();
        });
      }),
    );
  });
} else {
  const server = net.createServer((socket) => socket.write('hi')).listen(0, '127.0.0.1');
  process.on('message', () =>
    server.getConnections((error, count) => process.send([error, count, server.connections])),
  );
}
