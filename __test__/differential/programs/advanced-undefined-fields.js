'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  worker.send({ a: undefined, b: [undefined] });
  worker.on('message', (message) => {
    console.log(message, 'a' in message);
    worker.disconnect();
  });
} else {
  process.on('message', (message) => process.send({ ...message, seen: 'a' in message }));
}
