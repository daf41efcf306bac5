'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message, server) => {
    console.log(message, server?.constructor.name);
    server.on('connection', (socket) => socket.end('accepted by the primary'));
    worker.kill();
    worker.on('exit', (code, signal) => {
      console.log('exit', code, signal);
      net
        .connect(server.address().port, '127.0.0.1')
        .setEncoding('utf8')
        .on('data', (text) => console.log(text))
        .on('close', () => server.close());
    });
  });
} else {
  const own = net
    .createServer()
    .listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => process.send('own', own));
}
