'use strict';
const cluster = require('cluster');

// Callbacks come also for messages that still wait when the channel is closed.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    process.kill(worker.process.pid, 'SIGSTOP');
    let left = 50;
    for (let i = left; i > 0; i--) {
      worker.send('x'.repeat(200_000), (error) => {
        if (--left === 0) console.log('all', error);
      });
    }
    worker.process.disconnect();
    worker.process.kill('SIGCONT');
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', () => {});
}
