'use strict';
const cluster = require('cluster');
const net = require('net');

// A name in the abstract namespace begins with a null byte.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
  worker.on('listening', (address) => {
    console.log(address.address.indexOf('\0') > 0);
    worker.disconnect();
  });
} else {
  const server = net.createServer((socket) => socket.end());
  server.on('error', (error) => process.send([error.code, error.syscall]));
  try {
    server.listen(`\0${require('path').basename(process.cwd())}`);
  } catch (error) {
    process.send([error.name, error.code]);
  }
}
