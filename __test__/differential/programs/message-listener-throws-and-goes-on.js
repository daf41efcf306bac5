'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.send('bad');
  worker.send('good');
  worker.send('bad');
  worker.send('end');
  worker.on('message', (message) => {
    console.log(message);
    if (message === 'got end') worker.disconnect();
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  process.on('uncaughtException', (error, origin) => process.send([error.message, origin]));
  process.on('message', (message) => {
    if (message === 'bad') throw new Error('in a listener');
    process.send(`got ${message}`);
  });
}
