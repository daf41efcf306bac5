'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  process.on('uncaughtException', (error, origin) => console.log('uncaught', error.message, origin));
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log('received', message);
    if (message === 2) throw new Error('on the worker object');
  });
  cluster.on('message', (w, message) => {
    if (message === 3) throw new Error('on cluster');
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  [1, 2, 3, 4].forEach((value) => process.send(value));
  setTimeout(() => process.disconnect(), 200);
}
