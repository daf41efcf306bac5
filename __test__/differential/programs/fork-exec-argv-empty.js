// flags: --no-deprecation
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: [] });
  cluster.fork().on('message', (message) => console.log(message));
} else {
  process.send([process.execArgv, process.noDeprecation], () => process.disconnect());
}
