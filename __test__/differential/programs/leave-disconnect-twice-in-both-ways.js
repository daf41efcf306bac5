'use strict';
const cluster = require('cluster');

// When the process has disconnected, nobody hears that the worker wanted to.
if (cluster.isPrimary) {
  cluster.fork().on('exit', function (code) {
    setTimeout(() => console.log(code, this.exitedAfterDisconnect), 50);
  });
} else {
  process.disconnect();
  cluster.worker.disconnect();
}
