// args: --alpha beta
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.on('message', (worker, message) => console.log(worker.id, message));
  cluster.fork().on('exit', () => {
    cluster.setupPrimary({ args: ['other', '', 'with space', '"quoted"', 'ünï', '--inspect'] });
    cluster.fork().on('exit', () => {
      cluster.setupPrimary({ args: [] });
      cluster.fork();
    });
  });
} else {
  process.send(process.argv.slice(2), () => process.disconnect());
}
