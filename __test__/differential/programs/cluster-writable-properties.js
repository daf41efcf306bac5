'use strict';
const cluster = require('cluster');

// What users assign stays assigned.
for (const name of ['isPrimary', 'isWorker', 'workers', 'settings', 'fork', 'disconnect', 'setupPrimary', 'Worker']) {
  const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(cluster, name);
  console.log(name, writable, enumerable, configurable);
}
const { fork } = cluster;
cluster.fork = function (...values) {
  console.log('patched fork', values);
  return fork.apply(this, values);
};
if (cluster.isPrimary) {
  const worker = cluster.fork({ X: 'y' });
  worker.process.kill('SIGKILL');
  worker.on('exit', (code, signal) => console.log(code, signal));
}
