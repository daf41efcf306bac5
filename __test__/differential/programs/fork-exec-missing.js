// stderr: ignore
'use strict';
const cluster = require('cluster');

cluster.setupPrimary({ exec: '/nonexistent/program.js' });
const worker = cluster.fork();
for (const name of ['online', 'disconnect', 'error']) worker.on(name, () => console.log(name, worker.state));
worker.on('exit', (code, signal) => console.log('exit', code, signal, worker.exitedAfterDisconnect));
