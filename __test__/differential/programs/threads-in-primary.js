'use strict';
const cluster = require('cluster');
const { Worker, isMainThread, parentPort } = require('worker_threads');

if (!isMainThread) {
  parentPort.postMessage([cluster.isPrimary, cluster.isWorker]);
} else if (cluster.isPrimary) {
  const thread = new Worker(__filename);
  thread.on('message', (message) => console.log('thread', message));
  thread.on('exit', () => {
    cluster.fork().on('exit', (code) => console.log('worker exit', code));
  });
} else {
  process.exit(8);
}
