'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const text = 'ab'.repeat(5 * 1024 * 1024);
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message.length, message === text);
    worker.disconnect();
  });
  worker.on('online', () => worker.send(text, (error) => console.log('written', error)));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', (message) => process.send(message));
}
