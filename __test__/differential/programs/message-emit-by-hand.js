'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  cluster.on('message', (w, message, handle) => console.log('cluster', w.id, message, handle));
  worker.process.emit('message', 'made up', 'handle');
  worker.emit('message', 'only here');
  worker.on('online', () => worker.kill());
} else {
  setInterval(() => {}, 1000);
}
