// node: >=24
// flags: --permission --allow-addons --allow-child-process --allow-fs-read=*
// stderr: ignore
'use strict';
const cluster = require('cluster');

function fork() {
  try {
    cluster.fork();
  } catch ({ code, permission, resource }) {
    console.log('fork', { code, permission, resource }, Object.keys(cluster.workers));
  }
}

// What was started before can still be talked to, and ended.
if (cluster.isPrimary) {
  cluster.once('message', (worker, message) => {
    console.log(message);
    process.permission.drop('child');
    fork();
    fork();
    worker.once('message', () => console.log('signal', worker.process.kill('SIGUSR2')));
    worker.send('again');
  });
  cluster.on('exit', (worker, code, signal) => console.log('exit', worker.id, code, signal));
  fork();
} else {
  process.on('message', (message) => process.send(message));
  process.send('runs');
}
