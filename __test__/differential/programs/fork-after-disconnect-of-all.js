'use strict';
const cluster = require('cluster');
const http = require('http');
const freePort = require('./fixtures/free-port');

// Everything may begin again on the same port.
if (cluster.isPrimary) {
  freePort((port) => {
    const round = (left) => {
      if (left === 0) return;
      const worker = cluster.fork({ PORT: port });
      worker.on('listening', () =>
        http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
          response
            .setEncoding('utf8')
            .on('data', (text) => console.log(text))
            .on('end', () => cluster.disconnect());
        }),
      );
      worker.on('exit', () => round(left - 1));
    };
    round(3);
  });
} else {
  http
    .createServer((request, response) => response.end(`worker ${cluster.worker.id}`))
    .listen(process.env.PORT, '127.0.0.1');
}
