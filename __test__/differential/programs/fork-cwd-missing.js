'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ cwd: '/nonexistent/directory' });
  const worker = cluster.fork();
  console.log(worker.process.pid, worker.isConnected(), worker.isDead(), Object.keys(cluster.workers));
  worker.on('error', (error) => {
    console.log('error', error.code, error.syscall, error.errno, error.path === process.execPath, error.message);
    console.log(worker.isConnected(), worker.isDead(), worker.process.exitCode, Object.keys(cluster.workers));
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
  worker.on('disconnect', () => console.log('disconnect'));
  worker.process.on('close', (code, signal) => console.log('close', code, signal));
  process.on('exit', () => console.log('end', Object.keys(cluster.workers), worker.state));
}
