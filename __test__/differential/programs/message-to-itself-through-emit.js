'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  cluster.worker.on('message', (message, handle) => process.send(['worker object', message, handle ?? null]));
  process.on('message', (message) => process.send(['process', message]));
  process.emit('message', 'by hand', undefined);
  cluster.worker.emit('message', 'only here');
  setTimeout(() => process.disconnect(), 50);
}
