'use strict';
const cluster = require('cluster');
const net = require('net');

// An exception in a connection listener is the worker's uncaught exception, and the server goes on.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  const log = [];
  worker.on('message', (message) => log.push(message.join(' ')));
  process.on('exit', () => console.log(log.sort()));
  worker.on('listening', ({ port }) => {
    net
      .connect(port, '127.0.0.1')
      .resume()
      .on('close', () => {
        net
          .connect(port, '127.0.0.1')
          .setEncoding('utf8')
          .on('data', (text) => {
            log.push(text);
            worker.disconnect();
          });
      });
  });
} else {
  let count = 0;
  process.on('uncaughtException', (error, origin) => process.send([error.message, origin]));
  net
    .createServer((socket) => {
      if (++count === 1) {
        socket.destroy();
        throw new Error('in a connection listener');
      }
      socket.end('second');
    })
    .listen(0, '127.0.0.1');
}
