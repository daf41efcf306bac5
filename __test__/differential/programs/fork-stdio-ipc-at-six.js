'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'ignore', 'ignore', 'ipc'] });
  const worker = cluster.fork();
  console.log(worker.process.stdio.map((stream) => stream?.constructor.name));
  worker.process.stdout.pipe(process.stdout);
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.send('by the channel at 6');
}
