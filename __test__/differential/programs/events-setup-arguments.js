// args: one two
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.on('setup', (settings) => {
    console.log('setup', settings === cluster.settings, Object.keys(settings), settings.args, settings.silent);
  });
  cluster.on('fork', (worker) => {
    console.log('fork', worker.id, worker.state, cluster.workers[worker.id] === worker);
  });
  cluster.on('online', (worker) => {
    console.log('online', worker.id, worker.state);
    worker.kill();
  });
  cluster.on('exit', (worker, code, signal) => console.log('exit', worker.id, code, signal));
  console.log('before', cluster.settings);
  cluster.fork();
  console.log('after', Object.keys(cluster.settings));
} else {
  setInterval(() => {}, 1000);
}
