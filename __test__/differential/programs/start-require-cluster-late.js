'use strict';
// The module is asked for only after a while, inside a function.
setTimeout(() => {
  const cluster = require('node:cluster');
  if (cluster.isPrimary) cluster.fork().on('exit', (code) => console.log('exit', code));
  else process.exit(cluster.worker.id + 10);
}, 20);
