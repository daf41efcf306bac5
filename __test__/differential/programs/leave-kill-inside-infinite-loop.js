'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.kill('SIGKILL');
  });
  worker.on('disconnect', () => console.log('disconnect'));
  worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
} else {
  process.send('looping', () => {
    for (;;);
  });
}
