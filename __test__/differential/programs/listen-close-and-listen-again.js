'use strict';
const cluster = require('cluster');
const net = require('net');
const freePort = require('./fixtures/free-port');

// One worker closes and comes back on the same port while the other keeps it.
if (cluster.isPrimary) {
  freePort((port) => {
    cluster.fork({ PORT: port }).once('listening', () => {
      const worker = cluster.fork({ PORT: port, AGAIN: '1' });
      const log = [];
      worker.on('listening', (address) => log.push(['listening', address.port === port]));
      worker.on('message', (message) => {
        log.push(message);
        if (message !== 'again') return;
        setTimeout(() => {
          console.log(log);
          cluster.disconnect();
        }, 50);
      });
    });
  });
} else if (!process.env.AGAIN) {
  net.createServer().listen(process.env.PORT, '127.0.0.1');
} else {
  const server = net.createServer();
  server.listen(process.env.PORT, '127.0.0.1', () => {
    server.close(() => {
      process.send('closed');
      net.createServer().listen(process.env.PORT, '127.0.0.1', () => process.send('again'));
    });
  });
}
