// ours: 6 2000
'use strict';
const cluster = require('cluster');

// The built-in module drops what the socket can't take at once.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  let count = 0;
  worker.on('message', (message) => {
    if (message !== count) console.log('wrong order', message, count);
    count++;
  });
  worker.on('exit', (code) => setImmediate(() => console.log(code, count)));
} else {
  for (let i = 0; i < 2000; i++) process.send(i);
  process.exit(6);
}
