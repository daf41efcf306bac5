'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    if (message === 'second listener: b') worker.disconnect();
    else worker.send('b');
  });
  worker.send('a');
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const first = (message) => {
    process.off('message', first);
    process.on('message', (other) => process.send(`second listener: ${other}`));
    process.send(`first listener: ${message}`);
  };
  process.on('message', first);
}
