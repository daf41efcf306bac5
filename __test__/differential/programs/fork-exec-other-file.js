'use strict';
const cluster = require('cluster');
const path = require('path');

cluster.setupPrimary({ exec: path.join(__dirname, 'fixtures', 'report.js'), args: ['a', 'b'] });
const worker = cluster.fork({ REPORT: 'x' });
worker.on('message', (message) => console.log(message));
worker.on('exit', (code) => console.log('exit', code));
