// node: >=24
// flags: --no-warnings --permission-audit --allow-addons
// env: NODE_CLUSTER_SCHED_POLICY=none
'use strict';
const cluster = require('cluster');
const { subscribe } = require('diagnostics_channel');
const net = require('net');
const { asksToOpen } = require('./fixtures/permission-flags.js');

// Nothing is denied; what would be is told.
const who = cluster.isPrimary ? 'primary' : 'worker';
// A worker of ours opens what the built-in module's has from libuv.
const scopes = cluster.isWorker && asksToOpen() ? ['child'] : ['child', 'net'];
for (const scope of scopes) {
  subscribe(`node:permission-model:${scope}`, (message) => console.log(who, message));
}

function next([place, ...rest]) {
  if (place === undefined) return;
  const worker = cluster.fork({ PLACE: JSON.stringify(place) });
  worker.on('listening', () => {
    console.log('listening', place);
    worker.disconnect();
  });
  worker.on('exit', (code, signal) => {
    console.log(code, signal);
    next(rest);
  });
}

if (cluster.isPrimary)
  next([{ port: 0, host: '127.0.0.1' }, { port: 0, host: '::1' }, { port: 0 }, { path: 'worker.sock' }]);
else net.createServer().listen(JSON.parse(process.env.PLACE));
