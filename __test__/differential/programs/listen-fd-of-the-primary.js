// as: options
'use strict';
const { spawn } = require('child_process');
const cluster = require('cluster');
const net = require('net');

// The number is looked up among the primary's descriptors, not the worker's: the primary is started with a listening
// socket as its descriptor 3.
if (cluster.isPrimary && process.argv[2] !== 'primary') {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    const child = spawn(process.execPath, [...process.execArgv, __filename, 'primary', port], {
      stdio: ['ignore', 'inherit', 'inherit', server._handle.fd],
    });
    server.close();
    child.on('exit', (code, signal) => console.log('primary ended', code, signal));
  });
} else if (cluster.isPrimary) {
  const worker = cluster.fork();
  const port = Number(process.argv[3]);
  worker.on('listening', (address) => {
    console.log(address.addressType, address.address, address.port === port, address.fd);
    net
      .connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => {
        console.log(text);
        worker.disconnect();
      });
  });
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  const server = net.createServer((socket) => socket.end('by the worker'));
  server.listen({ fd: 3 });
  server.on('error', (error) => process.send([error.code, error.syscall, error.message]));
}
