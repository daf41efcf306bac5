'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const log = [];
  worker.on('listening', ({ port }) => {
    const socket = net.connect(port, '127.0.0.1').setEncoding('utf8');
    socket.on('data', (text) => {
      log.push(text);
      if (text !== 'hello') return socket.end();
      worker.disconnect();
      setTimeout(() => {
        log.push(['still', worker.isConnected(), worker.isDead()]);
        socket.write('go on');
      }, 200);
    });
  });
  worker.on('disconnect', () => log.push('disconnect'));
  worker.on('exit', (code, signal) => console.log([...log, code, signal]));
} else {
  process.once('disconnect', () => setTimeout(() => {}, 100));
  net
    .createServer((socket) => {
      socket.write('hello');
      socket.on('data', (data) => socket.write(`echo ${data}`)).on('end', () => socket.end());
    })
    .listen(0, '127.0.0.1');
}
