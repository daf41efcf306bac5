// flags: --frozen-intrinsics
// stderr: ignore
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.send({ a: [1] });
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.on('message', (message) => process.send(message));
}
