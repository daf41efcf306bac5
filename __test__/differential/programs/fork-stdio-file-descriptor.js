'use strict';
const cluster = require('cluster');
const fs = require('fs');

if (cluster.isPrimary) {
  const fd = fs.openSync('output.txt', 'w');
  cluster.setupPrimary({ stdio: ['ignore', fd, fd, 'ipc'] });
  const worker = cluster.fork();
  fs.closeSync(fd);
  console.log(worker.process.stdout, worker.process.stdio);
  worker.process.on('close', (code) => {
    console.log('close', code, fs.readFileSync('output.txt', 'utf8'));
    fs.unlinkSync('output.txt');
  });
} else {
  console.log('out');
  console.error('err');
  process.disconnect();
}
