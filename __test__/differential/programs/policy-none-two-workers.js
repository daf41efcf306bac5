'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.fork();
  cluster.fork();
  const ports = new Set();
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    ports.add(port);
    if (++ready < 2) return;
    console.log(ports.size);
    let answered = 0;
    for (let i = 0; i < 20; i++) {
      net
        .connect(port, '127.0.0.1')
        .resume()
        .on('close', () => {
          if (++answered < 20) return;
          console.log(answered);
          cluster.disconnect();
        });
    }
  });
} else {
  net.createServer((socket) => socket.end('x')).listen(0, '127.0.0.1');
}
