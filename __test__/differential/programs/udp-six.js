'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', (address) => {
    console.log(address.addressType, address.address);
    const client = dgram.createSocket('udp6');
    client.on('message', (data) => {
      console.log(String(data));
      client.close();
      worker.disconnect();
    });
    client.send('six', address.port, '::1');
  });
} else {
  const socket = dgram.createSocket('udp6');
  socket.on('message', (data, from) =>
    socket.send(`${data} ${socket.address().address} ${from.family}`, from.port, from.address),
  );
  socket.bind(0, '::1');
}
