'use strict';
const cluster = require('cluster');

// Neither an array nor a string: as if it had not been given.
if (cluster.isPrimary) {
  cluster.setupPrimary({ stdio: 5 });
  cluster.fork().on('exit', (code) => {
    console.log(code);
    cluster.setupPrimary({ stdio: {} });
    cluster.fork().on('exit', (second) => console.log(second));
  });
} else {
  console.log('worker', cluster.worker.id);
  process.disconnect();
}
