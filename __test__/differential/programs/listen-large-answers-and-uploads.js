'use strict';
const cluster = require('cluster');
const crypto = require('crypto');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    const data = Buffer.alloc(4 * 1024 * 1024, 'some text to be sent ');
    const chunks = [];
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => {
        const hash = (buffer) => crypto.createHash('sha1').update(buffer).digest('hex');
        console.log(hash(Buffer.concat(chunks)) === hash(data));
        worker.disconnect();
      });
    socket.end(data);
  });
} else {
  net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
}
