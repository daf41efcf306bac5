'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  cluster.on('listening', (w, address) => {
    console.log(address, fs.statSync('service.sock').isSocket());
    net
      .connect('service.sock')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.disconnect();
      });
  });
  worker.on('exit', () => console.log('file is there', fs.existsSync('service.sock')));
} else {
  const server = net.createServer((socket) =>
    socket.end(`${JSON.stringify(server.address())} ${socket.remoteAddress}`),
  );
  server.listen('service.sock');
}
