'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const first = cluster.fork();
  first.once('listening', ({ port }) => {
    const second = cluster.fork();
    second.once('listening', (address) => {
      console.log(address.port === port);
      first.send('close');
      first.on('message', () => {
        net
          .connect(port, '127.0.0.1')
          .setEncoding('utf8')
          .on('data', (text) => {
            console.log(text);
            cluster.disconnect();
          });
      });
    });
  });
} else {
  const server = net.createServer((socket) => socket.end(`worker ${cluster.worker.id}`));
  server.listen(0, '127.0.0.1');
  process.on('message', () => server.close(() => process.send('closed')));
}
