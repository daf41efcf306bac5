// stderr: ignore
'use strict';
const cluster = require('cluster');
const inspector = require('inspector');

if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: ['--inspect'], inspectPort: 0 });
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.send([process.execArgv, inspector.url() !== undefined]);
}
