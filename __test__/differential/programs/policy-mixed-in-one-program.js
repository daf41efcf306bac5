'use strict';
const cluster = require('cluster');
const dgram = require('dgram');
const net = require('net');

// Round robin for one server, a socket of its own for the second, the shared one for datagrams.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  const found = {};
  worker.on('listening', ({ addressType }) => {
    found[addressType] = (found[addressType] ?? 0) + 1;
  });
  worker.on('message', (message) => {
    console.log(message, found);
    worker.kill();
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  const shared = net.createServer().listen(0, '127.0.0.1', () => {
    const own = net.createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
      const datagrams = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
        setTimeout(() => {
          process.send([shared._handle.constructor.name, own._handle.constructor.name, datagrams.address().family]);
        }, 50);
      });
    });
  });
}
