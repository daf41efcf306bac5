'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  let first;
  worker.on('listening', ({ port, address }) => {
    if (address === '127.0.0.1') first = port;
    else {
      console.log(address, port === first);
      net
        .connect(port, '127.0.0.2')
        .setEncoding('utf8')
        .on('data', (text) => {
          console.log(text);
          worker.disconnect();
        });
    }
  });
} else {
  const one = net
    .createServer((socket) => socket.end('one'))
    .listen(0, '127.0.0.1', () => {
      net.createServer((socket) => socket.end('two')).listen(one.address().port, '127.0.0.2');
    });
}
