// stderr: ignore
'use strict';
const cluster = require('cluster');
const inspector = require('inspector');
const freePort = require('./fixtures/free-port');

// SIGUSR1 to the primary opens the inspectors of its workers.
if (cluster.isPrimary) {
  freePort((port) => {
    process.debugPort = port;
    cluster.setupPrimary({ execArgv: [] });
    const worker = cluster.fork();
    worker.on('message', (message) => {
      console.log(message);
      if (message === 'ready') process.kill(process.pid, 'SIGUSR1');
      else process.exit();
    });
  });
} else {
  process.debugPort = 0;
  process.send('ready');
  const timer = setInterval(() => {
    if (inspector.url() === undefined) return;
    clearInterval(timer);
    process.send('inspector is open');
  }, 10);
}
