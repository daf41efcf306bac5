'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', ([pid, ppid]) => {
    console.log(pid === worker.process.pid, ppid === process.pid);
    worker.disconnect();
  });
} else {
  process.send([process.pid, process.ppid]);
}
