'use strict';
const cluster = require('cluster');

// A program that adds to Object.prototype and Array.prototype finds the module working.
Object.prototype.added = 'by the program';
Array.prototype.extra = () => 'extra';
if (cluster.isPrimary) {
  const worker = cluster.fork({ X: '1' });
  worker.on('listening', () => worker.send({ a: 1 }));
  worker.on('message', (message) => {
    console.log(Object.keys(message));
    worker.disconnect();
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', (message) => process.send(message));
  require('net').createServer().listen(0, '127.0.0.1');
}
