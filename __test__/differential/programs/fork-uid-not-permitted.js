'use strict';
const cluster = require('cluster');

// Somebody without rights asks for root.
if (process.getuid() === 0) {
  process.setgid(65534);
  process.setuid(65534);
}
cluster.setupPrimary({ uid: 0 });
try {
  const worker = cluster.fork();
  worker.on('error', (error) => console.log('event', error.code, error.syscall));
  worker.on('exit', (code) => console.log('exit', code));
} catch (error) {
  console.log('thrown', error.code, error.syscall, error.message);
}
