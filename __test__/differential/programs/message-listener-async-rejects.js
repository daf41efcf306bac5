'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  process.on('unhandledRejection', (error) => console.log('rejected', error.message));
  const worker = cluster.fork();
  worker.on('message', async (message) => {
    await null;
    throw new Error(`async ${message}`);
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.send('one');
  process.send('two');
  process.disconnect();
}
