'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.on('message', function (worker, message, handle) {
    console.log('cluster', this === cluster, worker.id, message, handle, arguments.length);
  });
  const worker = cluster.fork();
  worker.on('message', function (message, handle) {
    console.log('worker', this === worker, message, handle, arguments.length);
  });
  worker.process.on('message', function (message, handle) {
    console.log('process', this === worker.process, message, handle, arguments.length);
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.send({ greeting: 'hello' });
  process.send('text', () => process.disconnect());
}
