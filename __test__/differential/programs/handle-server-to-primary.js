'use strict';
const cluster = require('cluster');
const net = require('net');

// The faux handle of a round-robin server is nothing that could be sent; that of a server of the worker's own is.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message, server) => {
    console.log(message, server?.constructor.name);
    if (!server) return;
    server.on('connection', (socket) => socket.end('accepted by the primary'));
    worker.kill();
    worker.on('exit', () => {
      net.connect(server.address().port, '127.0.0.1').setEncoding('utf8').on('data', (text) => console.log(text)).on('close', () => server.close());
    });
  });
} else {
  const shared = net.createServer().listen(0, '127.0.0.1', () => {
    try {
      process.send('shared', shared);
    } catch (error) {
      process.send([error.name, error.code, error.message]);
    }
    const own = net.createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => process.send('own', own));
  });
}
