// node: >=24
'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  let listening = 0;
  const ports = [];
  cluster.on('listening', () => listening++);
  cluster.on('message', (worker, message) => {
    ports.push(message.port);
    console.log(message.error ?? message.type);
    if (ports.length === 1) return cluster.fork({ PORT: message.port });
    console.log(ports[0] === ports[1], listening);
    for (const each of Object.values(cluster.workers)) each.kill();
  });
  cluster.fork({ PORT: 0 });
} else {
  const server = net.createServer();
  server.on('error', (error) => process.send({ error: error.code }));
  server.listen({ port: Number(process.env.PORT), host: '127.0.0.1', reusePort: true }, () => {
    process.send({ port: server.address().port, type: server._handle.constructor.name });
  });
}
