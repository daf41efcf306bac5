'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  cluster.on('listening', (w, address) => {
    console.log(address.addressType, address.address);
    net
      .connect(address.port, address.address)
      .on('connect', () => console.log('connected'))
      .on('close', () => worker.disconnect())
      .resume();
  });
} else {
  net.createServer((socket) => socket.end()).listen(0, 'localhost');
}
