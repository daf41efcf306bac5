'use strict';
const cluster = require('cluster');
const { AsyncLocalStorage } = require('async_hooks');

const storage = new AsyncLocalStorage();
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    storage.run('one', () => worker.send('a', () => console.log('callback a', storage.getStore())));
    storage.run('two', () => worker.send('b', () => console.log('callback b', storage.getStore())));
    worker.send('c', () => console.log('callback c', storage.getStore()));
  });
  worker.on('message', () => worker.disconnect());
} else {
  process.on('message', (message) => {
    if (message === 'c') process.send('end');
  });
}
