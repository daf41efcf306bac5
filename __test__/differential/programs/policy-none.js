'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const worker = cluster.fork();
  worker.on('listening', ({ port, address, addressType, fd }) => {
    console.log(address, addressType, fd);
    net
      .connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.disconnect();
      });
  });
} else {
  const server = net.createServer((socket) =>
    socket.end(`${server._handle.constructor.name} ${typeof server._handle.fd}`),
  );
  server.listen(0, '127.0.0.1');
}
