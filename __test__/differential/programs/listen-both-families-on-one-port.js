'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const lines = [];
  worker.on('message', (message) => lines.push(message));
  worker.on('exit', () => console.log(lines));
} else {
  const four = net.createServer().listen(0, '0.0.0.0', () => {
    const { port } = four.address();
    const only = net.createServer().listen({ port, host: '::', ipv6Only: true }, () => {
      process.send(['both', only.address().family]);
      only.close(() => {
        const dual = net.createServer().listen(port, '::');
        dual.on('error', (error) => {
          process.send(['dual', error.code, error.address]);
          process.disconnect();
          four.close();
        });
        dual.on('listening', () => {
          process.send('dual listens');
          dual.close();
          four.close(() => process.disconnect());
        });
      });
    });
    only.on('error', (error) => process.send(['only', error.code]));
  });
}
