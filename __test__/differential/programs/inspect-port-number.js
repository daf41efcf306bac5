// stderr: ignore
'use strict';
const cluster = require('cluster');
const freePort = require('./fixtures/free-port');

if (cluster.isPrimary) {
  freePort((port) => {
    cluster.setupPrimary({ execArgv: ['--inspect'], inspectPort: port });
    const worker = cluster.fork();
    worker.on('message', (message) => {
      console.log(message.debugPort === port, message.argv.length, message.argv[1] === `--inspect-port=${port}`);
      worker.disconnect();
    });
  });
} else {
  process.send({ debugPort: process.debugPort, argv: process.execArgv });
}
