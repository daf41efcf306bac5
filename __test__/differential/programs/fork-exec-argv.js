'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: ['--no-warnings', '--stack-trace-limit=25'] });
  console.log(cluster.settings.execArgv);
  cluster.fork().on('message', (message) => console.log(message));
} else {
  process.emitWarning('not to be seen');
  process.send([process.execArgv, Error.stackTraceLimit], () => process.disconnect());
}
