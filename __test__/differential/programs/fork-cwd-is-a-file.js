'use strict';
const cluster = require('cluster');

cluster.setupPrimary({ cwd: __filename });
try {
  const worker = cluster.fork();
  worker.on('error', (error) => console.log('event', error.code, error.message));
  worker.on('exit', (code) => console.log('exit', code));
} catch (error) {
  console.log('thrown', error.code, error.syscall, error.errno, error.message);
}
console.log(Object.keys(cluster.workers));
