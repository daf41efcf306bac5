'use strict';
const cluster = require('cluster');

// Ctrl+C reaches primary and worker alike: the primary hears of it before its worker's exit, and so forks no other.
if (cluster.isPrimary) {
  let stopping = false;
  process.on('SIGTERM', () => {
    stopping = true;
  });
  const worker = cluster.fork();
  worker.on('message', () => {
    process.kill(process.pid, 'SIGTERM');
    worker.process.kill('SIGKILL');
    const end = Date.now() + 100;
    while (Date.now() < end);
  });
  cluster.on('exit', () => console.log('stopping', stopping));
} else {
  setInterval(() => {}, 1000);
  process.send('ready');
}
