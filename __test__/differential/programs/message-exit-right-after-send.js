'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const received = [];
  worker.on('message', (message) => received.push(message));
  worker.on('exit', (code) => console.log(code, received));
} else {
  process.send(1);
  process.send(2);
  process.send({ last: 'three' });
  process.exit(5);
}
