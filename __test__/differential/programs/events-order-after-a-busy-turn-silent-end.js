'use strict';
const cluster = require('cluster');

// As above, with nothing to say: the channel's end is seen before the exit.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', () => {
    const end = Date.now() + 300;
    while (Date.now() < end);
  });
  worker.on('disconnect', () => console.log('disconnect', worker.isDead()));
  worker.on('exit', (code) => console.log('exit', code, worker.isConnected()));
} else {
  process.send('busy', () => setTimeout(() => process.exit(2), 50));
}
