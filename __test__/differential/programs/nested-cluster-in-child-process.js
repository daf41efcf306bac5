// as: options
'use strict';
const { fork } = require('child_process');
const cluster = require('cluster');

// A child with a channel of its own is a primary, and the channel to its parent stays what it was.
if (process.argv[2] !== 'child') {
  const child = fork(__filename, ['child']);
  child.on('message', (message) => console.log(message));
  child.on('exit', (code) => console.log('child exit', code));
} else if (cluster.isPrimary) {
  process.send(['primary', cluster.isPrimary]);
  const worker = cluster.fork();
  worker.on('message', (message) => process.send(['from the worker', message]));
  worker.on('exit', (code) => process.send(['worker exit', code], () => process.disconnect()));
} else {
  process.send(cluster.worker.id, () => process.disconnect());
}
