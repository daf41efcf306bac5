'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const signals = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP', 'SIGUSR2', 'SIGQUIT', 'SIGABRT', 'SIGSEGV'];
  const next = () => {
    const signal = signals.shift();
    if (signal === undefined) return;
    const worker = cluster.fork();
    worker.on('online', () => worker.kill(signal));
    worker.on('exit', (code, name) => {
      console.log(signal, code, name, worker.process.exitCode, worker.process.signalCode, worker.process.killed);
      console.log(worker.exitedAfterDisconnect, worker.isDead(), worker.isConnected());
      next();
    });
  };
  next();
} else {
  process.setUncaughtExceptionCaptureCallback(null);
  setInterval(() => {}, 1000);
}
