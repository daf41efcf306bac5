'use strict';
const cluster = require('cluster');

// Once the program has listened, what comes while it does not is gone.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => worker.send('one'));
  worker.on('message', (message) => {
    console.log(message);
    if (message === 'first heard one') {
      worker.send('stale 1');
      worker.send({ stale: 2 }, () => process.nextTick(() => worker.process.kill('SIGUSR2')));
    } else if (message === 'listens again') {
      worker.send('fresh');
    } else {
      worker.kill();
    }
  });
} else {
  process.once('SIGUSR2', () =>
    setTimeout(() => {
      process.once('message', (message) => process.send(`second heard ${message}`));
      process.send('listens again');
    }, 200),
  );
  process.once('message', (message) => process.send(`first heard ${message}`));
}
