// args: original
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  process.argv = [...process.argv.slice(0, 2), 'changed', 'twice'];
  cluster.on('message', (worker, message) => console.log(worker.id, message));
  cluster.fork().on('exit', () => {
    process.argv.push('late');
    cluster.fork();
  });
} else {
  process.send(process.argv.slice(2), () => process.disconnect());
}
