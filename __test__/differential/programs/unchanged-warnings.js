'use strict';
process.on('warning', (warning) => console.log('warning', warning.name, warning.message));
const cluster = require('cluster');
console.log(cluster.isPrimary);
setImmediate(() => console.log('end'));
