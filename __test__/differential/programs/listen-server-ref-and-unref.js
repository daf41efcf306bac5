'use strict';
const cluster = require('cluster');
const net = require('net');

// With the server and the channel unreferenced the worker ends.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    process.send([server.unref() === server, server.ref() === server], () => {
      server.unref();
      process.channel.unref();
    });
  });
}
