'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  for (let i = 0; i < 4; i++) cluster.fork();
  let listening = 0;
  let called;
  const left = [];
  cluster.on('listening', () => {
    if (++listening < 4) return;
    console.log(
      'returns',
      cluster.disconnect(() => {
        called = Object.keys(cluster.workers);
      }),
    );
    console.log(Object.keys(cluster.workers));
  });
  cluster.on('exit', (worker, code) => {
    left.push([code, worker.exitedAfterDisconnect]);
    if (left.length === 4) console.log(left);
  });
  process.on('exit', () => console.log('callback', called));
} else {
  net.createServer().listen(0, '127.0.0.1');
}
