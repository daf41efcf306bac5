'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    net
      .connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => console.log(text))
      .on('close', () => worker.disconnect());
  });
  worker.on('message', (message, socket) => {
    console.log(message, socket.constructor.name);
    socket.end('answered by the primary');
  });
  cluster.on('message', (w, message, socket) => console.log('cluster', message, socket instanceof net.Socket));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  net.createServer((socket) => process.send('take it', socket)).listen(0, '127.0.0.1');
}
