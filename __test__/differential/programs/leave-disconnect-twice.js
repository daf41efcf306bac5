// ours: true
// ours: disconnect 1
// ours: exit 0
// ours: true
'use strict';
const cluster = require('cluster');

// In the built-in module the worker obeys twice, and dies of the second time.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  let count = 0;
  worker.on('online', () => {
    worker.disconnect();
    try {
      console.log(worker.disconnect() === worker);
    } catch (error) {
      console.log(error.name, error.code, error.message.split('\n')[0]);
    }
  });
  worker.on('error', (error) => console.log('error', error.code));
  worker.on('disconnect', () => console.log('disconnect', ++count));
  worker.on('exit', (code) => {
    console.log('exit', code);
    try {
      console.log(worker.disconnect() === worker);
    } catch (error) {
      console.log(error.name, error.code, error.message.split('\n')[0]);
    }
  });
}
