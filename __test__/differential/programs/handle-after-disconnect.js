'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('exit', () => {
    const server = net
      .createServer((socket) => {
        worker.send('socket', socket, (error) => {
          console.log(error.code, socket.destroyed);
          socket.destroy();
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
} else {
  process.disconnect();
}
