'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer((socket) => {
        worker.send('first', socket, { keepOpen: true });
        worker.send('second', socket, { keepOpen: true }, () => {
          setTimeout(() => socket.destroy(), 100);
          server.close();
        });
      })
      .listen(0, '127.0.0.1', () => {
        let text = '';
        net
          .connect(server.address().port, '127.0.0.1')
          .setEncoding('utf8')
          .on('data', (data) => {
            text += data;
          })
          .on('close', () => {
            console.log(text);
            worker.disconnect();
          });
      });
  });
} else {
  process.on('message', (message, socket) => socket.write(`${message} `, () => socket.destroy()));
}
