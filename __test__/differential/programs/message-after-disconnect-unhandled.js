'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  process.on('uncaughtException', (error) => console.log('uncaught', error.name, error.code, error.message));
  worker.on('exit', () => worker.send('late'));
} else {
  process.disconnect();
}
