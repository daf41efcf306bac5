'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  let count = 0;
  worker.on('message', (message) => {
    if (message !== count) console.log('wrong order', message, count);
    count++;
  });
  worker.on('exit', (code) => console.log(code));
  worker.on('disconnect', () => console.log(count));
} else {
  setTimeout(() => {
    for (let i = 0; i < 50; i++) process.send(i);
    process.exit(6);
  }, 50);
}
