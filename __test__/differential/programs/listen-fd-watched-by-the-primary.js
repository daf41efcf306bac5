// ours: listening
'use strict';
const cluster = require('cluster');
const net = require('net');

// A descriptor on which the primary itself listens: the built-in module can't watch it a second time.
if (cluster.isPrimary) {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const worker = cluster.fork({ FD: server._handle.fd });
    worker.on('message', (message) => {
      console.log(message);
      worker.disconnect();
      server.close();
    });
  });
} else {
  const server = net.createServer().listen({ fd: Number(process.env.FD) }, () => process.send('listening'));
  server.on('error', (error) => process.send([error.code, error.syscall, error.message]));
}
