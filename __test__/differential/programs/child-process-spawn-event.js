'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  process.nextTick(() => console.log('next tick'));
  setImmediate(() => console.log('immediate'));
  cluster.on('setup', () => console.log('setup'));
  cluster.on('fork', () => console.log('fork'));
  worker.process.on('spawn', () => console.log('spawn'));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.disconnect();
}
