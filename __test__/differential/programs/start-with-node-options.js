// env: NODE_OPTIONS=--stack-trace-limit=33
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  console.log(Error.stackTraceLimit, process.env.NODE_OPTIONS);
  cluster.fork().on('message', (message) => console.log(message));
} else {
  process.send([Error.stackTraceLimit, process.env.NODE_OPTIONS, process.execArgv], () => process.disconnect());
}
