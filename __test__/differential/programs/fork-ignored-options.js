'use strict';
const cluster = require('cluster');

// Options of child_process.fork that cluster does not hand on.
if (cluster.isPrimary) {
  cluster.setupPrimary({
    timeout: 1,
    killSignal: 'SIGKILL',
    detached: true,
    signal: 'x',
    execPath: '/nonexistent',
    env: { ONLY: '1' },
    shell: true,
    argv0: 'other',
  });
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  setTimeout(() => process.send([process.env.ONLY ?? null, process.argv0 === 'other'], () => process.disconnect()), 50);
}
