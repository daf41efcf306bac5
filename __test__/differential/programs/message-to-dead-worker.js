'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => worker.process.kill('SIGKILL'));
  worker.on('disconnect', () => {
    worker.send('nobody there', (error) => console.log(error.code, error.message));
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  setInterval(() => {}, 1000);
}
