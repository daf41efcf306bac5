// node: >=24
// flags: --no-warnings --inspect=0 --permission --allow-addons --allow-child-process --allow-inspector --allow-fs-read=* --allow-net
// stderr: ignore
'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ inspectPort: 0 });
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('exit', (code, signal) => console.log(code, signal));
} else {
  const { url } = require('inspector');
  process.send([process.permission.has('inspector'), typeof url(), process.execArgv], () => process.exit());
}
