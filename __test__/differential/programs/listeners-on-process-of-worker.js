'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  for (const name of ['message', 'disconnect', 'exit', 'error', 'online']) {
    console.log(name, worker.listenerCount(name), worker.process.listenerCount(name), cluster.listenerCount(name));
  }
} else {
  const count = (name) => [name, process.listenerCount(name), cluster.worker.listenerCount(name)];
  process.send(['message', 'disconnect', 'error'].map(count), () => process.disconnect());
}
