'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ silent: true });
  const first = cluster.fork();
  console.log(first.process.stdout !== null);
  first.on('exit', () => {
    cluster.setupPrimary({ silent: false });
    const second = cluster.fork();
    console.log(second.process.stdout);
  });
} else {
  setTimeout(() => {
    console.log(`worker ${cluster.worker.id} prints`);
    process.disconnect();
  }, 100);
}
