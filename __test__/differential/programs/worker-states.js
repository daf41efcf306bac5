'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const states = [worker.state];
  worker.on('online', () => states.push(worker.state));
  worker.on('listening', () => {
    states.push(worker.state);
    worker.disconnect();
    states.push(worker.state);
  });
  worker.on('disconnect', () => states.push(worker.state));
  worker.on('exit', () => console.log([...states, worker.state]));
} else {
  process.once('disconnect', () => setTimeout(() => {}, 100));
  console.log(cluster.worker.state);
  net.createServer().listen(0, '127.0.0.1', () => setImmediate(() => console.log(cluster.worker.state)));
}
