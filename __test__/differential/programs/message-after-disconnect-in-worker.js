'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ silent: true });
  const worker = cluster.fork();
  worker.process.stdout.pipe(process.stdout);
  worker.on('exit', (code) => console.log('exit', code));
} else {
  cluster.worker.exitedAfterDisconnect = true;
  cluster.worker.on('error', (error) => console.log('worker error', error.code));
  process.on('error', (error) => console.log('error event', error.name, error.code, error.message));
  process.disconnect();
  console.log(process.connected, process.send('late'));
  process.send('late', (error) => console.log('callback', error.name, error.code, error.message));
  try {
    process.disconnect();
    console.log('twice');
  } catch (error) {
    console.log('thrown', error.code);
  }
}
