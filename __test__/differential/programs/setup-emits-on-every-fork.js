'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  let setups = 0;
  cluster.on('setup', () => setups++);
  cluster.fork().on('exit', () => {
    console.log(setups);
    cluster.fork().on('exit', () => console.log(setups));
  });
} else {
  process.disconnect();
}
