'use strict';
const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.setEncoding('utf8').on('data', (text) => console.log(response.statusCode, text));
    });
  });
  worker.on('message', () => worker.kill('SIGTERM'));
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  const server = http
    .createServer((request, response) => {
      process.send('working');
      setTimeout(() => response.end('finished'), 200);
    })
    .listen(0, '127.0.0.1');
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
}
