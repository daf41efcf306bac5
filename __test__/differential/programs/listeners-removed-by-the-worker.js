'use strict';
const cluster = require('cluster');

// A worker that takes the module's listener away is not ended by a lost channel.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => worker.process.disconnect());
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  process.removeAllListeners('disconnect');
  process.on('disconnect', () => setTimeout(() => console.log('still here'), 100));
}
