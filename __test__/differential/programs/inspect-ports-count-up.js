// flags: --inspect=127.0.0.1:0
// stderr: ignore
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const next = (left) => {
    if (left === 0) return;
    const worker = cluster.fork();
    worker.on('message', ({ port, argv }) => {
      console.log(
        argv.map((value) => value.replace(/\d{4,}/, '<port>')),
        port - process.debugPort,
      );
      worker.kill();
    });
    worker.on('exit', () => next(left - 1));
  };
  next(3);
} else {
  const [, port] = /^--inspect-port=(\d+)$/.exec(process.execArgv.at(-1));
  process.send({ argv: process.execArgv, port });
}
