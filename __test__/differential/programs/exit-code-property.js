'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('exit', (code, signal) => console.log(code, signal));
} else {
  process.exitCode = 12;
  process.disconnect();
}
