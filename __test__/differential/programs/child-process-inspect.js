'use strict';
const cluster = require('cluster');
const { inspect } = require('util');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  console.log(inspect(worker, { depth: 0 }).split('\n')[0], inspect(worker.process, { depth: -1 }));
  console.log(Object.prototype.toString.call(worker.process), JSON.stringify(Object.keys(cluster.workers)));
  console.log(
    Object.getPrototypeOf(cluster.workers) === Object.prototype,
    Object.getPrototypeOf(cluster.settings) === Object.prototype,
  );
  worker.on('exit', (code) => console.log(code));
} else {
  process.disconnect();
}
