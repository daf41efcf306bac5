'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('online', () => {
    console.log('primary leaves');
    process.exit(3);
  });
} else {
  setInterval(() => {}, 1000);
  process.on('disconnect', () => console.log('worker sees it', cluster.worker.exitedAfterDisconnect));
  process.on('exit', (code) => console.log('worker leaves', code));
}
