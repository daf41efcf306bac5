'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    if (message === 'ready') worker.kill();
    else worker.kill('SIGKILL');
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  process.on('SIGTERM', (signal) => process.send(`ignores ${signal}`));
  process.send('ready');
}
