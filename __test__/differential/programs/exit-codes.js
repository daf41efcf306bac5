'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const codes = [0, 1, 42, 255, 256, -1];
  const next = () => {
    if (codes.length === 0) return;
    const wanted = codes.shift();
    const worker = cluster.fork({ CODE: wanted });
    worker.on('exit', (code, signal) => {
      console.log(
        wanted,
        code,
        signal,
        worker.process.exitCode,
        worker.process.signalCode,
        worker.exitedAfterDisconnect,
      );
      next();
    });
  };
  next();
} else {
  process.exit(Number(process.env.CODE));
}
