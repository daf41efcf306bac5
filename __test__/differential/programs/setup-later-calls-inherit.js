'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ args: ['first'], silent: true });
  const first = cluster.fork();
  first.process.stdout.pipe(process.stdout);
  first.on('exit', () => {
    cluster.setupPrimary({ args: ['second'] });
    const second = cluster.fork();
    console.log(second.process.stdout === null);
    second.process.stdout.pipe(process.stdout);
  });
} else {
  console.log(process.argv[2]);
  process.disconnect();
}
