'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => console.log(worker.process[Symbol.dispose](), worker.process.killed));
  worker.on('exit', (code, signal) => console.log(code, signal));
} else {
  setInterval(() => {}, 1000);
}
