'use strict';
const cluster = require('cluster');
const domain = require('domain');
const http = require('http');

// The classic use: finish the request, then leave.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.setEncoding('utf8').on('data', (text) => console.log(response.statusCode, text));
    });
  });
  worker.on('disconnect', () => console.log('disconnect', worker.exitedAfterDisconnect));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.once('disconnect', () => setTimeout(() => {}, 100));
  const server = http
    .createServer((request, response) => {
      const guard = domain.create();
      guard.on('error', (error) => {
        response.writeHead(500, { connection: 'close' });
        response.end(error.message);
        server.close();
        cluster.worker.disconnect();
      });
      guard.add(request);
      guard.add(response);
      guard.run(() =>
        setImmediate(() => {
          throw new Error('broken request');
        }),
      );
    })
    .listen(0, '127.0.0.1');
}
