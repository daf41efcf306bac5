'use strict';
const cluster = require('cluster');
const net = require('net');

// A server of the primary itself is a plain one.
if (cluster.isPrimary) {
  const server = net
    .createServer((socket) => socket.end('primary'))
    .listen(0, '127.0.0.1', () => {
      const worker = cluster.fork();
      worker.on('listening', ({ port }) => {
        const ask = (number, next) =>
          net
            .connect(number, '127.0.0.1')
            .setEncoding('utf8')
            .on('data', (text) => console.log(text))
            .on('close', next);
        ask(port, () =>
          ask(server.address().port, () => {
            server.close();
            worker.disconnect();
          }),
        );
      });
    });
} else {
  net.createServer((socket) => socket.end('worker')).listen(0, '127.0.0.1');
}
