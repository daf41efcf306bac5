'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  cluster.on('listening', (w, address) => {
    console.log(
      w.id,
      w.state,
      address.addressType,
      address.address,
      address.port > 0,
      address.fd,
      Object.keys(address),
    );
    net
      .connect(address.port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.disconnect();
      });
  });
} else {
  const server = net.createServer((socket) => {
    socket.end(
      `worker ${cluster.worker.id} ${server.address().address} ${server.address().port === socket.localPort} ${socket.remoteAddress}`,
    );
  });
  server.listen(0, '127.0.0.1');
}
