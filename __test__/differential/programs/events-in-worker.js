'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const lines = [];
  worker.on('message', (message) => lines.push(message));
  worker.on('online', () => worker.send('first'));
  worker.on('exit', (code) => console.log(lines, code));
} else {
  cluster.worker.on('message', function (message, handle) {
    process.send(['worker', message, handle === undefined, this === cluster.worker, arguments.length]);
  });
  process.on('message', function (message, handle) {
    process.send(['process', message, handle === undefined, this === process, arguments.length]);
    process.send('bye', () => process.exit(7));
  });
}
