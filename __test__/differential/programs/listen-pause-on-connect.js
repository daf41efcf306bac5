'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    net
      .connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.disconnect();
      })
      .end('sent early');
  });
} else {
  net
    .createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
      const paused = socket.isPaused();
      socket.setEncoding('utf8');
      socket.on('data', (text) => socket.end(`${paused} ${text}`));
      setTimeout(() => socket.resume(), 50);
    })
    .listen(0, '127.0.0.1');
}
