'use strict';
const cluster = require('cluster');
const net = require('net');

// Clients that go away at once do no harm.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    let left = 20;
    for (let i = 0; i < 20; i++) {
      const socket = net.connect(port, '127.0.0.1', () => socket.resetAndDestroy());
      socket
        .on('error', () => {})
        .on('close', () => {
          if (--left > 0) return;
          net
            .connect(port, '127.0.0.1')
            .setEncoding('utf8')
            .on('data', (text) => {
              console.log(text);
              worker.kill();
            });
        });
    }
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  net
    .createServer((socket) => {
      socket.on('error', () => {});
      socket.end('still fine');
    })
    .listen(0, '127.0.0.1');
}
