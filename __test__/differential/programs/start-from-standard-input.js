// as: stdin
'use strict';
const cluster = require('cluster');
const fs = require('fs');

// A program from standard input can't be given to its workers, so they get a file.
fs.writeFileSync('worker.js', 'process.send(require("cluster").worker.id, () => process.disconnect());');
cluster.setupPrimary({ exec: 'worker.js', execArgv: [] });
const worker = cluster.fork();
worker.on('message', (message) => console.log('worker', message));
worker.on('exit', (code) => {
  console.log('exit', code);
  fs.unlinkSync('worker.js');
});
