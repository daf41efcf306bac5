// stderr: ignore
'use strict';
const cluster = require('cluster');
const freePort = require('./fixtures/free-port');

if (cluster.isPrimary) {
  freePort((port) => {
    let calls = 0;
    cluster.setupPrimary({
      execArgv: ['--inspect'],
      inspectPort() {
        return port + calls++;
      },
    });
    const worker = cluster.fork();
    worker.on('message', (message) => {
      console.log(message === port, calls);
      worker.disconnect();
    });
  });
} else {
  process.send(process.debugPort);
}
