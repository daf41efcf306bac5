'use strict';
const cluster = require('cluster');

// As Ctrl+C in a terminal: everybody gets it.
if (cluster.isPrimary) {
  process.on('SIGINT', () => console.log('primary got it'));
  const worker = cluster.fork();
  worker.on('message', () => process.kill(0, 'SIGINT'));
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  setInterval(() => {}, 1000);
  process.send('ready');
}
