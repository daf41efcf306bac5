'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', (address) => {
    console.log(address.addressType, address.address, address.port > 0, address.fd);
    const client = dgram.createSocket('udp4');
    client.on('message', (data, { address: from, port }) => {
      console.log(String(data), from, port === address.port);
      client.close();
      worker.disconnect();
    });
    client.send('question', address.port, '127.0.0.1');
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (data, { port, address }) => socket.send(`answer to ${data}`, port, address));
  socket.bind(0, '127.0.0.1');
}
