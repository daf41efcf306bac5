'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  Promise.reject(new Error('nobody listens'));
}
