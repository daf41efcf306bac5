'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) => {
    net
      .connect(port, '127.0.0.1')
      .resume()
      .on('close', () => worker.disconnect())
      .end();
  });
} else {
  net
    .createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000, highWaterMark: 1234 },
      (socket) => {
        process.send([socket.allowHalfOpen, socket.readableHighWaterMark, socket.writableHighWaterMark]);
        socket.resume().on('end', () => socket.end());
      },
    )
    .listen(0, '127.0.0.1');
}
