'use strict';
const cluster = require('cluster');

// Each worker has the form that was set when it was forked.
if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const first = cluster.fork();
  cluster.setupPrimary({ serialization: 'json' });
  const second = cluster.fork();
  const answers = {};
  cluster.on('message', (worker, message) => {
    answers[worker.id] = message;
    if (Object.keys(answers).length < 2) return;
    console.log(answers);
    cluster.disconnect();
  });
  first.send(new Set([1]));
  second.send(new Set([1]));
} else {
  process.on('message', (message) => process.send(message));
}
