// node: >=26
'use strict';
const cluster = require('cluster');
const net = require('net');

// A bound socket is adopted by a server in the worker.
if (cluster.isPrimary) {
  const bound = new net.BoundSocket({ port: 0, host: '127.0.0.1' });
  const { port } = bound.address();
  const worker = cluster.fork();
  worker.on('online', () => {
    worker.send('bound', bound);
    try {
      bound.address();
    } catch (error) {
      console.log(error.code);
    }
  });
  worker.on('message', (message) => {
    console.log(message);
    net
      .connect(port, '127.0.0.1')
      .on('data', (data) => console.log(String(data)))
      .on('close', () => worker.kill());
  });
} else {
  process.on('message', (message, bound) => {
    net
      .createServer((socket) => socket.end('served'))
      .listen(bound, () => process.send([message, bound.constructor.name]));
  });
}
