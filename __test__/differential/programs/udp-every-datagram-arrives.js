'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready < 2) return;
    const client = dgram.createSocket('udp4');
    const seen = new Set();
    client.on('message', (data) => {
      seen.add(String(data));
      if (seen.size < 20) return client.send(`n${seen.size}`, port, '127.0.0.1');
      console.log(seen.size);
      client.close();
      cluster.disconnect();
    });
    client.send('n0', port, '127.0.0.1');
  });
} else {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (data, from) => socket.send(data, from.port, from.address));
  socket.bind(0, '127.0.0.1');
}
