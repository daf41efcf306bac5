'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const log = [];
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
            .on('data', (text) => log.push(text))
            .on('close', () => worker.disconnect());
        });
      });
  });
  worker.on('message', (message) => log.push(message.join(' ')));
  process.on('exit', () => console.log(log.sort()));
} else {
  process.on('message', (message, handle) => {
    process.send([message, handle.constructor.name]);
    if (message === 'raw server') return handle.close();
    new net.Socket({ handle }).end('by a raw handle');
  });
}
