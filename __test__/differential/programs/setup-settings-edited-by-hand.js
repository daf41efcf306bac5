'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary();
  cluster.settings.args = ['by', 'hand'];
  cluster.fork().on('message', (message) => {
    console.log(message);
    cluster.settings = { ...cluster.settings, args: ['replaced'] };
    cluster.fork().on('message', (second) => console.log(second));
  });
} else {
  process.send(process.argv.slice(2), () => process.disconnect());
}
