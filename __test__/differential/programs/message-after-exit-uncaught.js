'use strict';
const cluster = require('cluster');

// An error that nobody listens to is printed with its code, and with the line that has thrown it.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', () => worker.send('late'));
} else {
  process.exit(0);
}
