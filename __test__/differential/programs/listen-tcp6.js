'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  cluster.on('listening', (w, address) => {
    console.log(address.addressType, address.address);
    net
      .connect(address.port, '::1')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.disconnect();
      });
  });
} else {
  const server = net.createServer((socket) => {
    const { address, family } = server.address();
    socket.end([address, family, socket.localAddress, socket.remoteFamily].join(' '));
  });
  server.listen({ port: 0, host: '::1' });
}
