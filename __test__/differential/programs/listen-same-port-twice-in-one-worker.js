'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const first = net.createServer().listen(0, '127.0.0.1', () => {
    const { port } = first.address();
    const second = net.createServer();
    second.on('error', (error) => process.send([error.code, error.syscall, error.address, error.port === port]));
    second.listen(port, '127.0.0.1', () => {
      net
        .createServer()
        .on('error', (error) => {
          process.send(['third', error.code, error.syscall, error.address, error.port === port]);
        })
        .listen(port, '127.0.0.1', () => process.send('three listen'));
    });
  });
}
