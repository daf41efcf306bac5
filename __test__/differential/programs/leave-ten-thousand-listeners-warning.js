'use strict';
const cluster = require('cluster');

// Many workers are no reason for a warning about too many listeners.
if (cluster.isPrimary) {
  process.on('warning', (warning) => console.log(warning.name, warning.message));
  for (let i = 0; i < 12; i++) cluster.fork();
  let exits = 0;
  cluster.on('exit', () => {
    if (++exits === 12) console.log('all gone', Object.keys(cluster.workers));
  });
} else {
  process.exit();
}
