'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  for (const name of ['setup', 'fork', 'online', 'listening', 'message', 'disconnect', 'exit', 'error']) {
    cluster.on(name, (...values) =>
      console.log(
        'cluster',
        name,
        values.map((value) => value?.constructor?.name),
      ),
    );
  }
  const worker = cluster.fork();
  for (const name of ['online', 'listening', 'message', 'disconnect', 'exit', 'error']) {
    worker.on(name, (...values) =>
      console.log(
        'worker',
        name,
        values.map((value) => value?.constructor?.name),
      ),
    );
  }
  for (const name of ['spawn', 'message', 'disconnect', 'exit', 'close', 'error']) {
    worker.process.on(name, (...values) =>
      console.log(
        'process',
        name,
        values.map((value) => value?.constructor?.name),
      ),
    );
  }
  console.log('forked');
} else {
  require('net')
    .createServer()
    .listen(0, '127.0.0.1', () => {
      process.send('hello', () => setTimeout(() => process.exit(3), 100));
    });
}
