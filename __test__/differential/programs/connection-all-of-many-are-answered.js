'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  for (let i = 0; i < 3; i++) cluster.fork();
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready < 3) return;
    let answered = 0;
    for (let i = 0; i < 300; i++) {
      net
        .connect(port, '127.0.0.1')
        .resume()
        .on('close', () => {
          if (++answered < 300) return;
          console.log(answered);
          cluster.disconnect();
        });
    }
  });
} else {
  net.createServer((socket) => socket.end('x')).listen(0, '127.0.0.1');
}
