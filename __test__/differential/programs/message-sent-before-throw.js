'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('uncaughtException', (error) => {
    process.send(`caught ${error.message}`);
    process.exit(70);
  });
  setImmediate(() => {
    throw new Error('broken');
  });
}
