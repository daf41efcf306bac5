'use strict';
const cluster = require('cluster');
const path = require('path');

try {
  cluster.setupPrimary({ exec: Buffer.from(path.join(__dirname, 'fixtures', 'report.js')) });
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message.file));
  worker.on('exit', (code) => console.log('exit', code));
} catch (error) {
  console.log(error.name, error.code, error.message);
}
