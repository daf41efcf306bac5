'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('error', (error) => console.log('error event', error.name, error.code, error.message));
  worker.on('exit', () => {
    console.log(worker.isConnected());
    console.log(worker.send('late'));
    console.log(worker.send('late', (error) => console.log('callback', error.name, error.code, error.message)));
    try {
      worker.send(undefined);
    } catch (error) {
      console.log('thrown', error.code);
    }
    process.nextTick(() => console.log('next tick'));
  });
} else {
  process.disconnect();
}
