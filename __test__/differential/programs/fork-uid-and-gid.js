'use strict';
const cluster = require('cluster');

// As root the worker runs as somebody else; anybody else is refused.
if (cluster.isPrimary) {
  cluster.setupPrimary({ uid: 65534, gid: 65534, exec: '/proc/self/fd/9', cwd: '/' });
  cluster.setupPrimary({ exec: __filename });
  cluster.setupPrimary({ stdio: ['ignore', 'inherit', 'ignore', 'ipc'] });
  const worker = cluster.fork();
  worker.on('error', (error) => console.log('error', error.code, error.syscall));
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  process.send([process.getuid(), process.getgid()], () => process.disconnect());
}
