// as: eval
'use strict';
const cluster = require('cluster');
console.log(cluster.isPrimary, process.argv.length);
cluster.setupPrimary({
  execArgv: ['-e', 'process.send([process.argv.slice(1), require("cluster").isWorker], () => process.disconnect())'],
  exec: 'ignored',
  args: ['x'],
});
const worker = cluster.fork();
worker.on('message', (message) => console.log(message.flat().filter((value) => !String(value).includes('ignored'))));
worker.on('exit', (code) => console.log('exit', code));
