'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const { stdin, stdout, stderr, stdio } = worker.process;
  console.log(stdin, stdout, stderr, stdio);
  worker.process.on('close', (code) => console.log('close', code));
} else {
  setTimeout(() => {
    console.log('printed by the worker');
    process.disconnect();
  }, 100);
}
