// node: >=24
// flags: --no-warnings --permission-audit --allow-addons
'use strict';
const cluster = require('cluster');
const { subscribe } = require('diagnostics_channel');
const net = require('net');

// Nothing is denied; what would be is told.
const who = cluster.isPrimary ? 'primary' : 'worker';
for (const scope of ['child', 'net']) {
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
