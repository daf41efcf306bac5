'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  const values = [1, 0, -1, '7', 70000, 'text', null, {}];
  const next = () => {
    if (values.length === 0) return process.disconnect();
    const backlog = values.shift();
    const server = net.createServer();
    try {
      server.listen({ port: 0, host: '127.0.0.1', backlog }, () => {
        process.send([backlog, 'listening']);
        server.close(next);
      });
    } catch (error) {
      process.send([backlog, error.name, error.code]);
      next();
    }
  };
  next();
}
