'use strict';
const cluster = require('cluster');
const domain = require('domain');

if (cluster.isPrimary) {
  const guard = domain.create();
  guard.on('error', (error) => {
    console.log('domain caught', error.message);
    cluster.disconnect();
  });
  guard.run(() => {
    const worker = cluster.fork();
    worker.on('message', () => {
      throw new Error('in a message listener');
    });
    worker.on('exit', (code) => console.log('exit', code));
  });
} else {
  process.send('go');
}
