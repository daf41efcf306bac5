'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ silent: true });
  const worker = cluster.fork();
  worker.process.stdout.setEncoding('utf8').once('data', (text) => {
    console.log('answer', text);
    worker.process.stdin.end();
  });
  worker.process.stdin.write('ping');
  worker.process.on('exit', (code) => console.log('exit', code));
} else {
  process.stdin.on('data', (data) => process.stdout.write(`pong to ${data}`));
  process.stdin.on('end', () => process.exit(4));
}
