// stderr: ignore
'use strict';
const cluster = require('cluster');
const fs = require('fs');

fs.writeFileSync('broken.js', 'this is no program');
cluster.setupPrimary({ exec: 'broken.js' });
const worker = cluster.fork();
worker.on('online', () => console.log('online'));
worker.on('exit', (code, signal) => {
  console.log('exit', code, signal);
  fs.unlinkSync('broken.js');
});
