'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', () => {
    setTimeout(() => {
      console.log('alive', !worker.isDead());
      worker.disconnect();
    }, 300);
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  net.createServer().listen(0, '127.0.0.1', () => process.channel.unref());
}
