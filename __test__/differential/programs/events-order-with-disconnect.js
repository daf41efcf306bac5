'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', (address) => {
    console.log('worker listening', address.address, address.addressType, typeof address.port, address.fd);
    console.log('returns itself', worker.disconnect() === worker);
    console.log(worker.exitedAfterDisconnect, worker.state, Object.keys(cluster.workers));
  });
  worker.on('disconnect', () => console.log('worker disconnect', worker.state, worker.isDead(), worker.isConnected()));
  cluster.on('disconnect', (w) => console.log('cluster disconnect', w.id, Object.keys(cluster.workers)));
  worker.on('exit', (code, signal) => console.log('worker exit', code, signal, worker.state, worker.isDead()));
  cluster.on('exit', (w, code, signal) => console.log('cluster exit', w.id, code, signal, w.exitedAfterDisconnect));
  process.on('exit', (code) => console.log('primary exit', code));
} else {
  process.once('disconnect', () => setTimeout(() => {}, 100));
  require('net').createServer().listen(0);
}
