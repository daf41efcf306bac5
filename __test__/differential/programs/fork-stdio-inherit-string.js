'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ stdio: 'inherit' });
  const worker = cluster.fork();
  console.log(worker.process.stdio, worker.process.stdout);
  worker.on('exit', (code) => console.log('exit', code));
} else {
  setTimeout(() => {
    console.log('worker prints');
    process.disconnect();
  }, 100);
}
