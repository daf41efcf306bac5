'use strict';
const cluster = require('cluster');
const net = require('net');
const freePort = require('./fixtures/free-port');

// The port stays open while one worker of two leaves, and a third one joins.
if (cluster.isPrimary) {
  freePort((port) => {
    const ask = (callback) => {
      net
        .connect(port, '127.0.0.1')
        .setEncoding('utf8')
        .on('data', (text) => console.log(text))
        .on('close', callback);
    };
    const first = cluster.fork({ PORT: port });
    first.once('listening', () =>
      ask(() => {
        const second = cluster.fork({ PORT: port });
        second.once('listening', () => {
          first.disconnect();
          first.on('exit', () => {
            ask(() => {
              const third = cluster.fork({ PORT: port });
              third.once('listening', () => {
                second.disconnect();
                second.on('exit', () => ask(() => cluster.disconnect()));
              });
            });
          });
        });
      }),
    );
  });
} else {
  net.createServer((socket) => socket.end(`worker ${cluster.worker.id}`)).listen(process.env.PORT, '127.0.0.1');
}
