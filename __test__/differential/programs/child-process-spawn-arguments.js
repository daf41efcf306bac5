// args: some args
// flags: --no-warnings
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  console.log(worker.process.spawnargs, worker.process.spawnfile);
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.disconnect();
}
