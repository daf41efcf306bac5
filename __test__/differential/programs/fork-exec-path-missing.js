'use strict';
const cluster = require('cluster');

process.execPath = '/nonexistent/node';
const worker = cluster.fork();
worker.on('error', (error) => console.log('error', error.code, error.syscall, error.path, error.spawnargs.length));
worker.on('exit', (code, signal) => console.log('exit', code, signal));
worker.on('disconnect', () => console.log('disconnect'));
process.on('exit', (code) => console.log('end', code));
