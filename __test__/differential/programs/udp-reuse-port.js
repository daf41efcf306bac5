// node: >=24
'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const ports = [];
  cluster.on('listening', () => console.log('listening in the primary'));
  cluster.on('message', (worker, message) => {
    ports.push(message);
    if (ports.length < 2) return cluster.fork({ PORT: message });
    console.log(ports[0] === ports[1]);
    for (const each of Object.values(cluster.workers)) each.kill();
  });
  cluster.fork({ PORT: 0 });
} else {
  const socket = dgram.createSocket({ type: 'udp4', reusePort: true });
  socket.on('error', (error) => process.send(error.code));
  socket.bind(Number(process.env.PORT), '127.0.0.1', () => process.send(socket.address().port));
}
