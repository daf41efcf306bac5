// args: a b
'use strict';
const cluster = require('cluster');

console.log(cluster.settings);
console.log(cluster.setupPrimary({ exec: 'worker.js' }));
console.log({ ...cluster.settings, execArgv: undefined });
console.log(cluster.settings.execArgv);
