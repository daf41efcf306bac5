'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const first = process.send('a', (error) => {
    const second = cluster.worker.send('b', (other) => {
      process.send({ first, second, error, other }, () => process.exit(2));
    });
  });
}
