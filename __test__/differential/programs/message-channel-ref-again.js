'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.channel.unref();
  process.channel.ref();
  setTimeout(() => process.send('still here'), 200).unref();
}
