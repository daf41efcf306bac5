'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
  const ports = [];
  cluster.on('listening', (worker, { port, addressType }) => {
    ports.push(port);
    console.log(addressType);
    if (ports.length < 2) return;
    console.log(ports[0] === ports[1]);
    cluster.disconnect(() => console.log('all gone'));
  });
} else {
  dgram.createSocket('udp4').bind(0, '127.0.0.1');
}
