'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) => {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' }, () => socket.write('x'));
    socket.resume().on('close', () => worker.disconnect());
  });
} else {
  const server = net
    .createServer((socket) => {
      process.send({
        handle: socket._handle.constructor.name,
        fd: socket._handle.fd > 0,
        server: socket.server === server,
        paused: socket.isPaused(),
        remote: [socket.remoteAddress, socket.remoteFamily, typeof socket.remotePort],
        local: [socket.localAddress, socket.localFamily, socket.localPort === server.address().port],
        address: socket.address().family,
        state: [
          socket.readyState,
          socket.connecting,
          socket.pending,
          socket.allowHalfOpen,
          socket.readable,
          socket.writable,
        ],
        bytes: [socket.bytesRead, socket.bytesWritten],
        connections: server._connections,
      });
      socket.setNoDelay(true).setKeepAlive(true, 1000).setTimeout(5000);
      socket.once('data', () =>
        socket.end('y', () => {
          process.send([socket.bytesRead, socket.bytesWritten]);
        }),
      );
    })
    .listen(0, '127.0.0.1');
}
