'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    process.kill(worker.process.pid, 'SIGTERM');
    console.log(worker.process.killed, worker.isDead());
  });
  worker.on('exit', (code, signal) => {
    console.log(code, signal, worker.process.killed);
    try {
      process.kill(worker.process.pid, 0);
    } catch (error) {
      console.log(error.code);
    }
  });
} else {
  setInterval(() => {}, 1000);
}
