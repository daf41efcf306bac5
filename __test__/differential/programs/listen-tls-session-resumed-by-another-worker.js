'use strict';
const cluster = require('cluster');
const fs = require('fs');
const path = require('path');
const tls = require('tls');

// The workers share their ticket keys, so that a session goes on at another worker.
if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready < 2) return;
    let session;
    const seen = new Set();
    const resumed = [];
    const connect = (left) => {
      if (left === 0) {
        console.log([...seen].sort(), resumed);
        return cluster.disconnect();
      }
      const socket = tls.connect({
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        session,
        maxVersion: 'TLSv1.2',
      });
      socket.on('session', (data) => {
        session ??= data;
      });
      socket.setEncoding('utf8').on('data', (text) => seen.add(text));
      socket.on('secureConnect', () => resumed.push(socket.isSessionReused()));
      socket.on('close', () => connect(left - 1));
    };
    connect(4);
  });
} else {
  const read = (name) => fs.readFileSync(path.join(__dirname, 'fixtures', name));
  tls
    .createServer({ key: read('key.pem'), cert: read('certificate.pem') }, (socket) => {
      socket.end(`worker ${cluster.worker.id}`);
    })
    .listen(0, '127.0.0.1');
}
