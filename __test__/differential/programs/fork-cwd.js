'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ cwd: '/' });
  cluster.fork().on('message', (message) => console.log(message, process.cwd() === '/'));
} else {
  process.send(process.cwd(), () => process.disconnect());
}
