'use strict';
const cluster = require('cluster');

// In a cluster worker the channel keeps the process alive even after its last listener has gone.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.send('only one');
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
  setTimeout(() => worker.kill(), 600);
} else {
  process.once('message', (message) => process.send(`got ${message}`));
}
