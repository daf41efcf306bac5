'use strict';
const cluster = require('cluster');
const net = require('net');

// The nth listen(0) of every worker gives the same port, and another one than the other calls.
if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
  const ports = {};
  cluster.on('message', (worker, message) => {
    ports[worker.id] = message;
    if (Object.keys(ports).length < 2) return;
    console.log(ports[1].length, JSON.stringify(ports[1]) === JSON.stringify(ports[2]), new Set(ports[1]).size);
    cluster.disconnect();
  });
} else {
  const ports = [];
  const next = () => {
    if (ports.length === 3) return process.send(ports);
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      ports.push(server.address().port);
      next();
    });
  };
  next();
}
