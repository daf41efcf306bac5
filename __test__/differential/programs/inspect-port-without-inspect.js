'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ inspectPort: 12345 });
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  process.send([process.execArgv, process.debugPort], () => process.disconnect());
}
