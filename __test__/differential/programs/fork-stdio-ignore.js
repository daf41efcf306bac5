'use strict';
const cluster = require('cluster');
const fs = require('fs');

if (cluster.isPrimary) {
  cluster.setupPrimary({ stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const worker = cluster.fork();
  console.log(worker.process.stdio);
  worker.on('message', (message) => console.log(message));
} else {
  console.log('not to be seen');
  process.send(
    [0, 1].map((fd) => fs.readlinkSync(`/proc/self/fd/${fd}`)),
    () => process.disconnect(),
  );
}
