'use strict';
const cluster = require('cluster');

// Both end while the primary is busy: each exit is told once, and the list is right every time.
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  let ready = 0;
  const log = [];
  cluster.on('message', () => {
    if (++ready < 2) return;
    workers.forEach((worker) => worker.process.kill('SIGKILL'));
    const end = Date.now() + 200;
    while (Date.now() < end);
  });
  cluster.on('disconnect', (worker) => log.push(`disconnect ${worker.id}`));
  cluster.on('exit', (worker, code, signal) => log.push(`exit ${worker.id} ${signal} ${worker.id in cluster.workers}`));
  process.on('exit', () => console.log(log.sort(), Object.keys(cluster.workers)));
} else {
  process.send('ready');
}
