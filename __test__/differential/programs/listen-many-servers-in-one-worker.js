'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const ports = [];
  const lines = [];
  worker.on('listening', ({ port }) => {
    if (ports.push(port) < 5) return;
    let closed = 0;
    ports.forEach((each, index) => {
      net
        .connect(each, '127.0.0.1')
        .setEncoding('utf8')
        .on('data', (text) => {
          lines[index] = text;
        })
        .on('close', () => {
          if (++closed < 5) return;
          console.log(
            lines.every((text) => text === 'same port'),
            lines.length,
            new Set(ports).size,
          );
          worker.disconnect();
        });
    });
  });
} else {
  for (let i = 0; i < 5; i++) {
    const server = net.createServer((socket) =>
      socket.end(server.address().port === socket.localPort ? 'same port' : 'other port'),
    );
    server.listen(0, '127.0.0.1');
  }
}
