'use strict';
const { fork, isPrimary, disconnect, setupPrimary } = require('cluster');

if (isPrimary) {
  setupPrimary({ args: ['x'] });
  const worker = fork();
  worker.on('online', () => disconnect(() => console.log('disconnected')));
  worker.on('exit', (code) => console.log('exit', code));
}
