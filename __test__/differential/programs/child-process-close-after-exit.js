'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ silent: true });
  const worker = cluster.fork();
  worker.process.on('spawn', () => console.log('spawn'));
  worker.process.on('exit', (code, signal) => console.log('exit', code, signal));
  worker.process.on('close', (code, signal) => console.log('close', code, signal));
  worker.process.stdout.on('end', () => console.log('stdout end')).resume();
  worker.process.stderr.resume();
} else {
  process.stdout.write('x'.repeat(100000), () => process.exit(9));
}
