'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');

// The socket file stays until the last worker has closed it.
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  let ready = 0;
  cluster.on('listening', () => {
    if (++ready < 2) return;
    workers[0].disconnect();
    workers[0].on('exit', () => {
      console.log('after the first', fs.existsSync('both.sock'));
      net
        .connect('both.sock')
        .setEncoding('utf8')
        .on('data', (text) => console.log(text))
        .on('close', () => {
          workers[1].disconnect();
          workers[1].on('exit', () => console.log('after the second', fs.existsSync('both.sock')));
        });
    });
  });
} else {
  net.createServer((socket) => socket.end(`worker ${cluster.worker.id}`)).listen('both.sock');
}
