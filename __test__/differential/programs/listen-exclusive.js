'use strict';
const cluster = require('cluster');
const net = require('net');

// An exclusive server is the worker's own: no 'listening' event in the primary, and a port of its own.
if (cluster.isPrimary) {
  const ports = [];
  cluster.on('listening', () => console.log('listening in the primary'));
  cluster.on('message', (worker, { port, type }) => {
    ports.push(port);
    console.log(type, ports[0] !== ports[1]);
    if (ports.length < 2) return cluster.fork();
    net
      .connect(ports[0], '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        for (const each of Object.values(cluster.workers)) each.kill();
      });
  });
  cluster.fork();
} else {
  const server = net.createServer((socket) => socket.end(`worker ${cluster.worker.id}`));
  server.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
    process.send({ port: server.address().port, type: server._handle.constructor.name });
  });
}
