'use strict';
const cluster = require('cluster');
const net = require('net');

// A server counts the sockets that it has passed away, and its close() waits for them.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer((socket) => {
        worker.send('socket', socket, () => {
          setTimeout(
            () =>
              server.getConnections((error, number) => {
                console.log('passed away', error, number);
                let closed = false;
                server.close(() => {
                  closed = true;
                  console.log('server closed');
                  worker.disconnect();
                });
                setTimeout(() => {
                  console.log('still open', !closed);
                  worker.send('end');
                }, 100);
              }),
            50,
          );
        });
      })
      .listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1').resume());
  });
} else {
  let kept;
  process.on('message', (message, socket) => {
    if (message === 'socket') kept = socket;
    else kept.destroy();
  });
}
