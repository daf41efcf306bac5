'use strict';
const cluster = require('cluster');

process.execPath = '/';
const worker = cluster.fork();
worker.on('error', (error) => console.log('event', error.code, error.syscall, error.path));
worker.on('disconnect', () => console.log('disconnect'));
worker.process.on('spawn', () => console.log('spawn'));
worker.process.on('close', (code) => console.log('close', code));
