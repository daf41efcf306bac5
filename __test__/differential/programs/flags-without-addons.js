// flags: --no-addons
// stderr: ignore
'use strict';
const cluster = require('cluster');

// Where no addon may be loaded the built-in module serves.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.send(['from worker', cluster.worker.id], () => process.disconnect());
}
