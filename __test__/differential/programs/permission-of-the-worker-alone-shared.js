// compare: sorted
// env: NODE_CLUSTER_SCHED_POLICY=none
'use strict';
const cluster = require('cluster');
const net = require('net');
const dgram = require('dgram');
const { spelled } = require('./fixtures/permission-flags.js');

// The primary opens the sockets, and the workers listen on them.
const ways = { tcp: { port: 0, host: '127.0.0.1' }, unix: { path: 'worker.sock' }, udp: { port: 0 } };

if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: spelled('--no-warnings --permission --allow-addons --allow-fs-read=*') });
  for (const way of Object.keys(ways)) {
    const worker = cluster.fork({ WAY: way });
    worker.on('message', (message) => console.log(way, message));
    worker.on('exit', (code, signal) => console.log(way, code, signal));
  }
} else {
  const { WAY } = process.env;
  const said = (...message) => process.send(message, () => process.exit());
  process.on('uncaughtException', ({ code, permission, resource }) => said({ code, permission, resource }));
  const server = WAY === 'udp' ? dgram.createSocket('udp4') : net.createServer();
  server.on('error', ({ code }) => said('error', code));
  const listen = WAY === 'udp' ? 'bind' : 'listen';
  server[listen](ways[WAY], () => said('listening'));
}
