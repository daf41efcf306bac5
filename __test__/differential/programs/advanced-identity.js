'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
  const shared = { x: 1 };
  const cycle = [shared, shared];
  cycle.push(cycle);
  worker.send(cycle);
} else {
  process.on('message', (message) =>
    process.send([message[0] === message[1], message[2] === message, Array.isArray(message)]),
  );
}
