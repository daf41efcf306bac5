'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    for (const signal of ['SIGNONE', 12345, {}, true]) {
      try {
        worker.process.kill(signal);
      } catch (error) {
        console.log(error.name, error.code, error.message);
      }
    }
    try {
      worker.kill('SIGNONE');
    } catch (error) {
      console.log(error.name, error.code, error.message);
    }
    console.log(worker.process.kill(0), worker.process.killed);
    console.log(worker.process.kill('SIGKILL'), worker.process.killed);
  });
  worker.on('exit', (code, signal) => {
    console.log(code, signal, worker.process.exitCode, worker.process.signalCode);
    console.log(worker.process.kill(), worker.process.killed);
  });
} else {
  setInterval(() => {}, 1000);
}
