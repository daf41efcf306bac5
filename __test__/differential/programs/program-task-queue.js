'use strict';
const cluster = require('cluster');

// The primary hands out tasks, one at a time to each worker, and gathers the results.
if (cluster.isPrimary) {
  const tasks = Array.from({ length: 20 }, (_, index) => index + 1);
  const results = new Map();
  const give = (worker) => {
    const task = tasks.shift();
    if (task === undefined) worker.disconnect();
    else worker.send({ task });
  };
  cluster.on('online', give);
  cluster.on('message', (worker, { task, result }) => {
    results.set(task, result);
    give(worker);
  });
  let left = 3;
  cluster.on('exit', () => {
    if (--left === 0)
      console.log(
        results.size,
        [...results.values()].reduce((a, b) => a + b),
      );
  });
  for (let i = 0; i < 3; i++) cluster.fork();
} else {
  process.on('message', ({ task }) => process.send({ task, result: task * task }));
}
