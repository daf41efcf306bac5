'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const ports = [];
  cluster.on('listening', () => console.log('listening in the primary'));
  cluster.on('message', (worker, port) => {
    ports.push(port);
    if (ports.length < 2) return cluster.fork();
    console.log(ports[0] !== ports[1]);
    for (const each of Object.values(cluster.workers)) each.kill();
  });
  cluster.fork();
} else {
  const socket = dgram
    .createSocket('udp4')
    .bind({ port: 0, address: '127.0.0.1', exclusive: true }, () => process.send(socket.address().port));
}
