'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const workers = [1, 2, 3, 4].map(() => cluster.fork());
  const sums = {};
  let answers = 0;
  cluster.on('message', (worker, message) => {
    sums[worker.id] = message;
    if (++answers === 4) {
      console.log(sums);
      for (const each of Object.values(cluster.workers)) each.disconnect();
    }
  });
  workers.forEach((worker) => worker.send(worker.id * 10));
} else {
  process.on('message', (message) => process.send([cluster.worker.id, message]));
}
