'use strict';
const cluster = require('cluster');
const fs = require('fs');

if (cluster.isPrimary) {
  const file = fs.createWriteStream('output.txt');
  file.on('open', () => {
    cluster.setupPrimary({ stdio: ['ignore', file, process.stderr, 'ipc'] });
    const worker = cluster.fork();
    console.log(worker.process.stdio);
    worker.process.on('close', (code) => {
      file.end();
      console.log('close', code, fs.readFileSync('output.txt', 'utf8'));
      fs.unlinkSync('output.txt');
    });
  });
} else {
  console.log('into the file');
  process.disconnect();
}
