'use strict';
const cluster = require('cluster');
const net = require('net');

// Two workers, each with room for one connection: they take one each.
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready < 2) return;
    const order = [];
    const first = net
      .connect(port, '127.0.0.1')
      .setEncoding('utf8')
      .once('data', (a) => {
        order.push(a);
        net
          .connect(port, '127.0.0.1')
          .setEncoding('utf8')
          .once('data', (b) => {
            order.push(b);
            console.log(order.sort());
            first.end();
            workers.forEach((each) => each.process.kill());
          })
          .on('error', () => {});
      });
    first.on('error', () => {});
  });
} else {
  const server = net.createServer((socket) => socket.write(`worker ${cluster.worker.id}`));
  server.maxConnections = 1;
  server.listen(0, '127.0.0.1');
}
