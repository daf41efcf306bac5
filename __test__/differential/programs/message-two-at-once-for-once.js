'use strict';
const cluster = require('cluster');

// Of two that come together, the second has no listener.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    if (message === 'ready') {
      worker.send('one');
      worker.send('two');
      return;
    }
    console.log(message);
    if (message === 'again') worker.send('three');
    else if (message.startsWith('second')) worker.kill();
  });
} else {
  process.once('message', (message) => {
    process.send(`first ${message}`);
    setTimeout(() => {
      process.once('message', (other) => process.send(`second ${other}`));
      process.send('again');
    }, 200);
  });
  process.send('ready');
}
