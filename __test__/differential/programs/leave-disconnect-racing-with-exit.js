'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  let left = 10;
  cluster.on('error', (error) => console.log(error.code));
  const start = () => {
    const worker = cluster.fork();
    worker.on('message', () => worker.disconnect());
    worker.on('error', () => {});
    worker.on('exit', (code) => {
      if (code !== 0) console.log('code', code);
      if (--left > 0) start();
      else console.log('done', Object.keys(cluster.workers));
    });
  };
  start();
} else {
  process.send('going', () => process.exit());
}
