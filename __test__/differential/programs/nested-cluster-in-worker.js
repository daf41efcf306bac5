// as: options
'use strict';
const { spawn } = require('child_process');
const cluster = require('cluster');

// A worker starts a cluster of its own, in a process of its own.
if (process.argv[2] === 'inner' && cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', (code) => console.log('inner worker', worker.id, code));
} else if (process.argv[2] === 'inner') {
  process.exit(21);
} else if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', (code) => console.log('outer worker', worker.id, code));
} else {
  const child = spawn(process.execPath, [...process.execArgv, __filename, 'inner'], { stdio: 'inherit' });
  child.on('exit', (code) => process.exit(code + 5));
}
