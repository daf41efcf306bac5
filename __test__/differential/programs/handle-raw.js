'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer((socket) => {
        worker.send('raw connection', socket._handle, () => {
          socket.destroy();
          server.close();
        });
      })
      .listen(0, '127.0.0.1', () => {
        worker.send('raw server', server._handle, () => {
          net
            .connect(server.address().port, '127.0.0.1')
            .setEncoding('utf8')
            .on('data', (text) => console.log(text))
            .on('close', () => worker.disconnect());
        });
      });
  });
  worker.on('message', (message) => console.log(message));
} else {
  process.on('message', (message, handle) => {
    process.send([message, handle.constructor.name]);
    if (message === 'raw server') return handle.close();
    new net.Socket({ handle }).end('by a raw handle');
  });
}
