'use strict';
const cluster = require('cluster');
const net = require('net');

// Several sockets in one turn, messages between them: all arrive, in order.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const sockets = [];
    const server = net
      .createServer((socket) => {
        sockets.push(socket);
        if (sockets.length < 5) return;
        sockets.forEach((each, index) => {
          worker.send({ index, text: 'before' });
          worker.send({ index }, each);
          worker.send({ index, text: 'after' });
        });
        server.close();
      })
      .listen(0, '127.0.0.1', () => {
        let closed = 0;
        for (let i = 0; i < 5; i++) {
          net
            .connect(server.address().port, '127.0.0.1')
            .resume()
            .on('close', () => {
              if (++closed === 5) worker.send('end');
            });
        }
      });
  });
  worker.on('message', (message) => {
    console.log(message.join(' '));
    worker.disconnect();
  });
} else {
  const log = [];
  process.on('message', (message, socket) => {
    if (message === 'end') return process.send(log);
    log.push(`${message.index}${message.text ?? 'socket'}${socket ? '!' : ''}`);
    socket?.end('x');
  });
}
