'use strict';
const cluster = require('cluster');
const net = require('net');

// Both sides send each other sockets at the same time.
const count = 20;
if (cluster.isPrimary) {
  const worker = cluster.fork();
  let primaryGot = 0;
  worker.on('message', (message, socket) => {
    if (message.port) return start(message.port);
    if (message.workerGot) {
      console.log(primaryGot, message.workerGot);
      return worker.kill();
    }
    primaryGot++;
    socket.end('primary');
  });
  const start = (port) => {
    let closed = 0;
    const closedOne = () => {
      if (++closed === 2 * count) worker.send('report');
    };
    const server = net
      .createServer((socket) => worker.send('to worker', socket))
      .listen(0, '127.0.0.1', () => {
        for (let i = 0; i < count; i++) {
          net.connect(server.address().port, '127.0.0.1').resume().on('close', closedOne);
          net.connect(port, '127.0.0.1').resume().on('close', closedOne);
        }
      });
    worker.on('exit', () => server.close());
  };
} else {
  let workerGot = 0;
  const server = net.createServer((socket) => process.send('to primary', socket));
  server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => process.send({ port: server.address().port }));
  process.on('message', (message, socket) => {
    if (message === 'report') return process.send({ workerGot });
    workerGot++;
    socket.end('worker');
  });
}
