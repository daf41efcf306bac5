'use strict';
const cluster = require('cluster');

cluster.setupPrimary({ args: ['x'.repeat(3 * 1024 * 1024)] });
try {
  const worker = cluster.fork();
  worker.on('error', (error) => console.log('event', error.code, error.syscall));
} catch (error) {
  console.log('thrown', error.code, error.syscall, error.errno, error.message);
}
console.log(Object.keys(cluster.workers));
