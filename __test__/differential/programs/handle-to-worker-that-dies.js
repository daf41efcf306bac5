'use strict';
const cluster = require('cluster');
const net = require('net');

// The worker dies with the socket: the client sees the end.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  const log = [];
  worker.on('online', () => {
    const server = net
      .createServer((socket) => {
        worker.send('socket', socket);
        server.close();
      })
      .listen(0, '127.0.0.1', () => {
        net
          .connect(server.address().port, '127.0.0.1')
          .resume()
          .on('error', () => {})
          .on('close', () => log.push('closed'));
      });
  });
  worker.on('exit', (code) => log.push(`exit ${code}`));
  process.on('exit', () => console.log(log.sort()));
} else {
  process.on('message', () => setTimeout(() => process.exit(1), 50));
}
