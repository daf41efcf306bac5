'use strict';
const cluster = require('cluster');
const http = require('http');

// Each request is told to the primary, which counts.
if (cluster.isPrimary) {
  let requests = 0;
  cluster.on('message', (worker, message) => {
    if (message.cmd !== 'notifyRequest') return;
    if (++requests < 10) return;
    console.log(requests);
    cluster.disconnect();
  });
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready < 2) return;
    for (let i = 0; i < 10; i++) http.get({ port, host: '127.0.0.1', agent: false }, (response) => response.resume());
  });
  cluster.fork();
  cluster.fork();
} else {
  http
    .createServer((request, response) => {
      response.end('x');
      process.send({ cmd: 'notifyRequest' });
    })
    .listen(0, '127.0.0.1');
}
