'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const log = [];
  worker.on('message', (message) => log.push(message));
  worker.on('exit', (code) => console.log(log, code));
} else {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    cluster.worker.on('disconnect', () => console.log('worker disconnect event'));
    server.on('close', () => process.send(['closed', process.connected]));
    cluster.worker.disconnect();
  });
}
