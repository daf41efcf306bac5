'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  process.on('uncaughtException', (error) => console.log('uncaught', error.message));
  const worker = cluster.fork();
  worker.on('online', () => {
    worker.send('one', () => {
      throw new Error('in a callback');
    });
    worker.send('two', () => console.log('second callback'));
  });
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.on('message', (message) => {
    if (message === 'two') process.send('both received');
  });
}
