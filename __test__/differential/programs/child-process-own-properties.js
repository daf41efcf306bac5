'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const names = Object.getOwnPropertyNames(worker.process)
    .filter((name) => !name.startsWith('_'))
    .sort();
  console.log(names);
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.disconnect();
}
