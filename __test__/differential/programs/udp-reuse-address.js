'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true }).bind(0, '127.0.0.1', () => {
    const worker = cluster.fork({ PORT: socket.address().port });
    worker.on('message', (message) => {
      console.log(message);
      worker.disconnect();
      socket.close();
    });
  });
} else {
  const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  socket.on('error', (error) => process.send([error.code, error.syscall]));
  socket.bind(Number(process.env.PORT), '127.0.0.1', () =>
    process.send(['bound', socket.address().port === Number(process.env.PORT)]),
  );
}
