'use strict';
const cluster = require('cluster');
const net = require('net');
const path = require('path');

const file = path.resolve('absolute.sock');
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  let count = 0;
  cluster.on('listening', (w, address) => {
    console.log(address.address === file, address.port, address.addressType);
    if (++count < 2) return;
    let closed = 0;
    for (let i = 0; i < 4; i++) {
      net
        .connect(file)
        .on('close', () => {
          if (++closed === 4) workers.forEach((worker) => worker.disconnect());
        })
        .resume();
    }
  });
} else {
  net.createServer((socket) => socket.end('hello')).listen({ path: file });
}
