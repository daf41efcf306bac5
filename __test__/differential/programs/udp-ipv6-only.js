'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port, address, addressType }) => {
    console.log(address, addressType);
    const four = dgram.createSocket('udp4');
    four.bind(port, '0.0.0.0', () => {
      console.log('the IPv4 side is free');
      four.close();
      worker.disconnect();
    });
    four.on('error', (error) => {
      console.log(error.code);
      worker.disconnect();
    });
  });
} else {
  dgram.createSocket({ type: 'udp6', ipv6Only: true }).bind(0, '::');
}
