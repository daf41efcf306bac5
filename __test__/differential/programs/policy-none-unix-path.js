'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const worker = cluster.fork();
  worker.on('listening', () => {
    net
      .connect('none.sock')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.disconnect();
      });
  });
  worker.on('exit', () => {
    console.log(fs.existsSync('none.sock'));
    fs.rmSync('none.sock', { force: true });
  });
} else {
  const server = net.createServer((socket) =>
    socket.end(`${server._handle.constructor.name} ${server.address()}`.replace(/\/.*\//, '')),
  );
  server.listen('none.sock');
}
