'use strict';
const cluster = require('cluster');
const net = require('net');

// Exceptions in the listeners of each event surface, and the module goes on.
if (cluster.isPrimary) {
  process.on('uncaughtException', (error) => console.log('uncaught', error.message));
  const worker = cluster.fork();
  for (const name of ['online', 'listening', 'disconnect', 'exit']) {
    worker.on(name, () => {
      throw new Error(`worker ${name}`);
    });
    cluster.on(name, () => console.log('cluster', name));
  }
  worker.on('message', () => worker.disconnect());
  process.on('exit', () => console.log(Object.keys(cluster.workers)));
} else {
  process.once('disconnect', () => setTimeout(() => {}, 100));
  net.createServer().listen(0, '127.0.0.1', () => setTimeout(() => process.send('go'), 50));
}
