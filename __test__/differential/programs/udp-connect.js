'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const server = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
    const worker = cluster.fork({ PORT: server.address().port });
    server.on('message', (data) => {
      console.log(String(data));
      server.close();
      worker.kill();
    });
  });
} else {
  const socket = dgram.createSocket('udp4');
  socket.connect(Number(process.env.PORT), '127.0.0.1', () => socket.send(`to ${socket.remoteAddress().address}`));
}
