'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port, address, addressType }) => {
    console.log(address, addressType);
    net
      .connect(port, '127.0.0.1')
      .on('error', (error) => {
        console.log('by IPv4', error.code);
        net.connect(port, '::1').on('connect', function () {
          console.log('by IPv6 connected');
          this.destroy();
          worker.disconnect();
        });
      })
      .on('connect', () => console.log('by IPv4 connected'));
  });
} else {
  net.createServer((socket) => socket.destroy()).listen({ port: 0, host: '::', ipv6Only: true });
}
