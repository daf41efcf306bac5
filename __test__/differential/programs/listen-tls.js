'use strict';
const cluster = require('cluster');
const fs = require('fs');
const path = require('path');
const tls = require('tls');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket
      .setEncoding('utf8')
      .on('data', (text) => console.log(text))
      .on('close', () => worker.disconnect());
  });
} else {
  const read = (name) => fs.readFileSync(path.join(__dirname, 'fixtures', name));
  tls
    .createServer({ key: read('key.pem'), cert: read('certificate.pem') }, (socket) => {
      socket.end(`secure by worker ${cluster.worker.id}`);
    })
    .listen(0, '127.0.0.1');
}
