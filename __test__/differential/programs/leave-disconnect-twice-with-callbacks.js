'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('online', () => {
    cluster.disconnect(() => console.log('first'));
    cluster.disconnect(() => console.log('second'));
  });
  cluster.on('exit', (worker, code) => console.log('exit', code));
}
