'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => worker.disconnect());
  cluster.on('exit', (w, code, signal) => console.log('exit', code, signal, w.exitedAfterDisconnect));
} else {
  const seen = [];
  cluster.worker.on('disconnect', () => {
    console.log(
      'worker disconnect',
      cluster.worker.exitedAfterDisconnect,
      process.connected,
      cluster.worker.isConnected(),
    );
  });
  process.on('disconnect', () => {
    console.log('process disconnect', process.channel, typeof process.send);
    seen.push(1);
  });
  process.on('exit', (code) => console.log('process exit', code, seen.length));
}
