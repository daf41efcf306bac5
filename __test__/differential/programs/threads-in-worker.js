'use strict';
const cluster = require('cluster');
const { Worker, isMainThread, parentPort } = require('worker_threads');

if (!isMainThread) {
  parentPort.postMessage([
    cluster.isPrimary,
    cluster.isWorker,
    typeof process.send,
    typeof cluster.fork,
    cluster.worker?.id,
  ]);
} else if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const thread = new Worker(__filename);
  thread.on('message', (message) => process.send(['thread says', message]));
  thread.on('error', (error) => process.send(['thread fails', error.message]));
  thread.on('exit', (code) => process.send(['thread exit', code], () => process.disconnect()));
}
