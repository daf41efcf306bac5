// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=*
'use strict';
const cluster = require('cluster');

// Node lets everybody send signals, also who may not start processes any more.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    process.permission.drop?.('child');
    console.log(worker.process.kill(0), process.kill(worker.process.pid, 0), worker.isDead());
    worker.kill('SIGUSR2');
  });
  worker.on('exit', (code, signal) => console.log(code, signal, worker.process.killed));
} else {
  process.send([process.kill(process.ppid, 0), process.kill(process.pid, 0)]);
  setInterval(() => {}, 1000);
}
