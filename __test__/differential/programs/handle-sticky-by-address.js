'use strict';
const cluster = require('cluster');
const http = require('http');
const net = require('net');

// A well-known way to give each client always the same worker.
if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  let ready = 0;
  cluster.on('message', () => {
    if (++ready < 2) return;
    const server = net
      .createServer({ pauseOnConnect: true }, (socket) => {
        const index = Number(socket.remoteAddress.split('.').at(-1)) % 2;
        workers[index].send('sticky:connection', socket);
      })
      .listen(0, '127.0.0.1', () => {
        const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.1'];
        const ask = () => {
          if (addresses.length === 0) {
            server.close();
            return cluster.disconnect();
          }
          const localAddress = addresses.shift();
          http.get({ port: server.address().port, host: '127.0.0.1', localAddress, agent: false }, (response) => {
            response
              .setEncoding('utf8')
              .on('data', (text) => console.log(localAddress, text))
              .on('end', ask);
          });
        };
        ask();
      });
  });
} else {
  const server = http.createServer((request, response) => response.end(`worker ${cluster.worker.id}`));
  server.listen(0, '127.0.0.1');
  process.on('message', (message, connection) => {
    if (message !== 'sticky:connection') return;
    server.emit('connection', connection);
    connection.resume();
  });
  server.on('listening', () => process.send('ready'));
}
