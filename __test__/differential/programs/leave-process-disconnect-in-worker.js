'use strict';
const cluster = require('cluster');
const net = require('net');

// Without the word of the module the worker leaves at once, and takes its server along.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => worker.send('go'));
  worker.on('disconnect', () => console.log('disconnect', worker.exitedAfterDisconnect));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  net.createServer().listen(0, '127.0.0.1');
  process.on('message', () => process.disconnect());
}
