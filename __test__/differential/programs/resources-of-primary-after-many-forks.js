'use strict';
const cluster = require('cluster');
const fs = require('fs');

// After the workers have gone the primary holds no descriptor and no child more than after the first one.
if (cluster.isPrimary) {
  const count = () => fs.readdirSync('/proc/self/fd').length;
  let first;
  let left = 15;
  const next = () => {
    const worker = cluster.fork();
    worker.on('exit', () =>
      setTimeout(() => {
        first ??= count();
        if (--left > 0) return next();
        console.log(
          count() - first,
          Object.keys(cluster.workers),
          fs.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'),
        );
      }, 20),
    );
  };
  next();
} else {
  require('net')
    .createServer()
    .listen(0, '127.0.0.1', () => process.disconnect());
}
