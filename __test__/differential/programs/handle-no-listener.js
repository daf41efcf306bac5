'use strict';
const cluster = require('cluster');
const net = require('net');

// Nobody in the worker takes the socket before it is killed.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  const log = [];
  worker.on('online', () => {
    const server = net
      .createServer((socket) => {
        worker.send('socket', socket, () => setTimeout(() => worker.kill(), 100));
        server.close(() => log.push('server closed'));
      })
      .listen(0, '127.0.0.1', () => {
        net
          .connect(server.address().port, '127.0.0.1')
          .resume()
          .on('error', () => {})
          .on('close', () => log.push('client closed'));
      });
  });
  worker.on('exit', (code, signal) => log.push(`exit ${code} ${signal}`));
  process.on('exit', () => console.log(log.sort()));
} else {
  setInterval(() => {}, 1000);
}
