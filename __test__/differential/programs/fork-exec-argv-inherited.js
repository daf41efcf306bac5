// flags: --no-deprecation --expose-gc
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.fork().on('message', (message) => console.log(message));
} else {
  process.send([process.execArgv, typeof gc, process.noDeprecation], () => process.disconnect());
}
