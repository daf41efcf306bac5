'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', (address) => console.log('listening', address.addressType));
  worker.on('message', ({ port }) => {
    net
      .connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.kill();
      });
  });
} else {
  // A server with a socket of its own, whose handle another server listens on.
  const own = net.createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
    const { port } = own.address();
    const server = net.createServer((socket) => socket.end('through the handle'));
    server.listen(own._handle, () => process.send({ port }));
  });
}
