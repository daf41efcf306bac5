'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer((socket) => {
        worker.send({ text: 'y'.repeat(2 * 1024 * 1024) }, socket);
        server.close();
      })
      .listen(0, '127.0.0.1', () => {
        net
          .connect(server.address().port, '127.0.0.1')
          .setEncoding('utf8')
          .on('data', (text) => console.log(text))
          .on('close', () => worker.disconnect());
      });
  });
} else {
  process.on('message', (message, socket) => socket.end(`${message.text.length}`));
}
