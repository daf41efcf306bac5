'use strict';
const cluster = require('cluster');

if (cluster.isMaster) {
  process.on('warning', (warning) => console.log(warning.name, warning.code));
  cluster.setupMaster({ args: ['by the old name'] });
  cluster.fork().on('message', (message) => console.log(message));
} else {
  process.send([process.argv[2], cluster.isMaster, cluster.isWorker], () => process.disconnect());
}
