'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => {
    throw new Error('the primary breaks');
  });
} else {
  require('net').createServer().listen(0, '127.0.0.1');
}
