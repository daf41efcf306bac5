'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
    const { port } = socket.address();
    worker.send('socket', socket, () => {
      socket.close();
      const client = dgram.createSocket('udp4');
      worker.on('message', (message) => {
        if (message === 'ready') return client.send('ping', port, '127.0.0.1');
        console.log(message);
        client.close();
        worker.kill();
      });
    });
  });
} else {
  process.on('message', (message, socket) => {
    socket.on('message', (data) => process.send([message, socket.constructor.name, String(data), socket.type]));
    process.send('ready');
  });
}
