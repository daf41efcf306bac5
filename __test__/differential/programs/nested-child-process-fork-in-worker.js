'use strict';
const { fork } = require('child_process');
const cluster = require('cluster');

if (process.argv[2] === 'child') {
  process.on('message', (message) =>
    process.send([message, cluster.isPrimary, process.env.NODE_UNIQUE_ID], () => process.disconnect()),
  );
} else if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => console.log('worker exit', code));
} else {
  const child = fork(__filename, ['child']);
  child.on('message', (message) => process.send(message));
  child.on('exit', (code, signal) => process.send({ code, signal }, () => process.disconnect()));
  child.send('from the worker');
}
