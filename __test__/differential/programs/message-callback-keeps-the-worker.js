// compare: sorted
'use strict';
const cluster = require('cluster');

// What waits to be written keeps a worker alive that has nothing else to do, and its callback comes before the end.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message.length));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.channel.unref();
  process.send('x'.repeat(8 << 20), () => {
    console.log('written');
    process.send('y'.repeat(8 << 20), () => console.log('written again'));
  });
  process.on('exit', () => console.log('ends'));
}
