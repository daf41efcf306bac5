'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const listed = () => worker.id in cluster.workers;
  console.log('forked', listed());
  worker.on('online', () => {
    console.log('online', listed());
    worker.process.disconnect();
  });
  worker.process.on('disconnect', () => console.log('process disconnect', listed()));
  worker.on('disconnect', () => console.log('disconnect', listed()));
  worker.process.on('exit', () => console.log('process exit', listed()));
  worker.on('exit', () => console.log('exit', listed()));
} else {
  process.on('disconnect', () => {});
}
