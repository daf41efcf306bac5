'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

// A socket that only sends binds by itself, and never through the primary.
if (cluster.isPrimary) {
  const server = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
    const worker = cluster.fork({ PORT: server.address().port });
    cluster.on('listening', (w, address) => console.log('listening', address.addressType, address.address));
    server.on('message', (data) => {
      console.log(String(data));
      server.close();
      worker.kill();
    });
  });
} else {
  dgram.createSocket('udp4').send('hello', Number(process.env.PORT), '127.0.0.1');
}
