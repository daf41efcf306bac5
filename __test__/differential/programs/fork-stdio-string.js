'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  try {
    cluster.setupPrimary({ stdio: 'pipe' });
    const worker = cluster.fork();
    console.log(worker.process.stdio.map((stream) => stream?.constructor.name));
    worker.process.stdout.pipe(process.stdout);
    worker.process.on('close', (code) => {
      console.log('close', code);
      try {
        cluster.setupPrimary({ stdio: 'nonsense' });
        cluster.fork();
      } catch (error) {
        console.log(error.name, error.code, error.message);
      }
    });
  } catch (error) {
    console.log(error.name, error.code, error.message);
  }
} else {
  console.log('through a pipe');
  process.disconnect();
}
