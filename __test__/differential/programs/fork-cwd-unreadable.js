'use strict';
const cluster = require('cluster');
const fs = require('fs');

// As somebody else, in a directory that only root may read.
if (cluster.isPrimary) {
  fs.mkdirSync('closed', { mode: 0o700 });
  process.chdir('closed');
  if (process.getuid() === 0) cluster.setupPrimary({ uid: 65534, gid: 65534 });
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => {
    console.log('exit', code, signal);
    process.chdir('..');
    fs.rmdirSync('closed');
  });
} else {
  process.send('started', () => process.disconnect());
}
