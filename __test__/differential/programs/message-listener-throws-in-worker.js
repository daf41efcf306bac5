'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.send('bad');
  worker.send('never seen');
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  process.on('message', (message) => {
    if (message === 'bad') throw new Error('in a listener');
    process.send(message);
  });
}
