// stderr: ignore
'use strict';
const cluster = require('cluster');

// The worker waits for a debugger before its first line.
if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: ['--inspect-brk'], inspectPort: 0 });
  const worker = cluster.fork();
  worker.on('message', () => console.log('must not be seen'));
  worker.on('online', () => console.log('online'));
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
  setTimeout(() => worker.kill('SIGKILL'), 800);
} else {
  process.send('runs');
}
