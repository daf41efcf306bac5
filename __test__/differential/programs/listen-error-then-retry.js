'use strict';
const cluster = require('cluster');
const net = require('net');

// After the port has become free the same worker gets it.
if (cluster.isPrimary) {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const worker = cluster.fork({ PORT: server.address().port });
    worker.on('message', (message) => {
      console.log(message);
      if (message !== 'EADDRINUSE') worker.disconnect();
      else server.close(() => worker.send('again'));
    });
  });
} else {
  const server = net.createServer();
  server.on('listening', () => process.send('listening'));
  server.on('error', (error) => process.send(error.code));
  process.on('message', () => server.listen(process.env.PORT, '127.0.0.1'));
  server.listen(process.env.PORT, '127.0.0.1');
}
