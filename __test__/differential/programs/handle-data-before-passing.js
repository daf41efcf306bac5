'use strict';
const cluster = require('cluster');
const net = require('net');

// What the client has said before is read by whom it has been passed to.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer({ pauseOnConnect: true }, (socket) => {
        setTimeout(() => worker.send('socket', socket), 50);
        server.close();
      })
      .listen(0, '127.0.0.1', () => {
        const client = net.connect(server.address().port, '127.0.0.1').setEncoding('utf8');
        client.on('data', (text) => console.log(text)).on('close', () => worker.disconnect());
        client.write('early words');
      });
  });
} else {
  process.on('message', (message, socket) => {
    socket.setEncoding('utf8').once('data', (text) => socket.end(`heard: ${text}`));
    socket.resume();
  });
}
