'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    if (message !== 'ready') return worker.disconnect();
    worker.process.kill('SIGSTOP');
    console.log(worker.send('waits'), worker.isDead());
    setTimeout(() => worker.process.kill('SIGCONT'), 150);
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  process.on('message', (message) => process.send(`got ${message}`));
  process.send('ready');
}
