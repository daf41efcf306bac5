'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ stdio: [null, 'overlapped', undefined, 'ipc', null] });
  const worker = cluster.fork();
  console.log(worker.process.stdio.map((stream) => stream?.constructor.name));
  worker.process.stdout.pipe(process.stdout);
  worker.process.stderr.pipe(process.stderr);
  worker.process.on('close', (code) => console.log('close', code));
} else {
  console.log('out');
  console.error('err');
  process.disconnect();
}
