'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const first = cluster.fork();
  first.on('message', (port) => {
    const second = cluster.fork({ PORT: port });
    second.on('message', (message) => {
      console.log(message);
      first.kill();
      second.kill();
    });
  });
} else {
  const port = Number(process.env.PORT ?? 0);
  const server = net
    .createServer()
    .listen({ port, host: '127.0.0.1', exclusive: true }, () => process.send(server.address().port));
  server.on('error', (error) => process.send([error.code, error.syscall, error.address, error.port === port]));
}
