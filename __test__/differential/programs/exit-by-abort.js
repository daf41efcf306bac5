// stderr: ignore
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.process.signalCode));
} else {
  process.abort();
}
