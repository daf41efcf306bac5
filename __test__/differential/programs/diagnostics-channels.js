'use strict';
const cluster = require('cluster');
const diagnostics = require('diagnostics_channel');
const net = require('net');

if (cluster.isPrimary) {
  diagnostics.subscribe('child_process', ({ process: child }) => console.log('child_process', child.constructor.name));
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) =>
    net
      .connect(port, '127.0.0.1')
      .resume()
      .on('close', () => worker.disconnect()),
  );
} else {
  diagnostics.subscribe('net.server.socket', ({ socket }) =>
    process.send(['net.server.socket', socket.constructor.name]),
  );
  net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
}
