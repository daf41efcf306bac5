// node: >=24
// flags: --permission --allow-fs-read=* --allow-child-process
// stderr: ignore
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.send(['from worker', cluster.worker.id], () => process.disconnect());
}
