'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('disconnect', () => console.log('disconnect', worker.exitedAfterDisconnect));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  process.once('disconnect', () => setTimeout(() => {}, 100));
  net.createServer().listen(0, '127.0.0.1', () => {
    const { worker } = cluster;
    const states = [worker.state, worker.exitedAfterDisconnect];
    const returned = worker.disconnect() === worker;
    process.send([...states, returned, worker.state, worker.exitedAfterDisconnect, worker.isConnected()]);
    worker.disconnect();
  });
}
