'use strict';
const cluster = require('cluster');
const net = require('net');

// A socket that has been destroyed has no handle: the message travels alone.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer((socket) => {
        socket.destroy();
        socket.on('close', () => {
          console.log(
            'sent',
            worker.send('gone', socket, (error) => console.log('callback', error)),
          );
          server.close();
        });
      })
      .listen(0, '127.0.0.1', () =>
        net
          .connect(server.address().port, '127.0.0.1')
          .resume()
          .on('error', () => {}),
      );
  });
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.on('message', (message, socket) => process.send([message, typeof socket]));
}
