'use strict';
const cluster = require('cluster');
const path = require('path');

cluster.setupPrimary({ exec: 'report.js', cwd: path.join(__dirname, 'fixtures') });
cluster.fork().on('message', (message) => console.log(message));
