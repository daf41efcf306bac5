// node: >=26
// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=* --allow-net
// compare: sorted
'use strict';
const cluster = require('cluster');
const net = require('net');

// What listens goes on, also for workers that come later; what is new is denied.
if (cluster.isPrimary) {
  process.on('uncaughtException', ({ code, permission, resource }) => {
    console.log(code, permission, resource);
    for (const worker of Object.values(cluster.workers)) worker.process.kill();
  });
  cluster.on('exit', (worker, code, signal) => console.log('exit', worker.id, signal));
  cluster.on('listening', (worker, { address }) => console.log('listening', worker.id, address));
  cluster.fork({ SOCKET: 'old.sock' }).once('listening', () => {
    process.permission.drop('net');
    cluster.fork({ SOCKET: 'old.sock' }).once('listening', () => {
      net.connect('old.sock').on('error', ({ code }) => {
        console.log('connect', code);
        cluster.fork({ SOCKET: 'new.sock' });
      });
    });
  });
} else {
  net.createServer().listen(process.env.SOCKET);
}
