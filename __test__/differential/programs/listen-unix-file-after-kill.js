'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => worker.kill('SIGKILL'));
  worker.on('exit', () =>
    setTimeout(() => {
      console.log(fs.existsSync('killed.sock'));
      const next = cluster.fork();
      next.on('listening', () => {
        console.log('next listens');
        next.disconnect();
      });
    }, 50),
  );
} else {
  net
    .createServer()
    .listen('killed.sock')
    .on('error', (error) => console.log(error.code));
}
