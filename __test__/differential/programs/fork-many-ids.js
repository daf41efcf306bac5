'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork(), cluster.fork()];
  console.log(
    workers.map((worker) => worker.id),
    Object.keys(cluster.workers),
  );
  let exited = 0;
  cluster.on('exit', () => {
    if (++exited === 3) {
      console.log(Object.keys(cluster.workers));
      const next = cluster.fork();
      console.log(next.id, Object.keys(cluster.workers));
    }
  });
} else {
  process.disconnect();
}
