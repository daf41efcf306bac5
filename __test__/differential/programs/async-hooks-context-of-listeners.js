'use strict';
const { AsyncLocalStorage } = require('async_hooks');
const cluster = require('cluster');

// In which context the events of a worker are emitted that was forked inside one.
const storage = new AsyncLocalStorage();
if (cluster.isPrimary) {
  storage.run('fork', () => {
    const worker = cluster.fork();
    worker.on('online', () => console.log('online', storage.getStore()));
    worker.on('message', () => console.log('message', storage.getStore()));
    worker.on('exit', () => console.log('exit', storage.getStore()));
    worker.process.on('spawn', () => console.log('spawn', storage.getStore()));
    cluster.on('setup', () => console.log('setup', storage.getStore()));
    cluster.on('fork', () => console.log('fork', storage.getStore()));
    cluster.on('listening', () => console.log('listening', storage.getStore()));
  });
} else {
  require('net')
    .createServer()
    .listen(0, '127.0.0.1', function () {
      process.send('m', () => this.close(() => process.disconnect()));
    });
}
