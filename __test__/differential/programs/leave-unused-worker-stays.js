'use strict';
const cluster = require('cluster');

// A worker whose program has come to its end stays, since its channel is open.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
  worker.on('online', () =>
    setTimeout(() => {
      console.log('alive', !worker.isDead());
      worker.kill();
    }, 300),
  );
} else {
  console.log('end of the program');
}
