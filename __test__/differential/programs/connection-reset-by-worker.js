'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    net
      .connect(port, '127.0.0.1')
      .resume()
      .on('error', (error) => console.log(error.code))
      .on('close', (failed) => {
        console.log('closed', failed);
        worker.disconnect();
      });
  });
} else {
  net.createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
}
