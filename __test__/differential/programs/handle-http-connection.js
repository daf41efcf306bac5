'use strict';
const cluster = require('cluster');
const http = require('http');
const net = require('net');

// The primary accepts, the worker's HTTP server answers.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('online', () => {
    const server = net
      .createServer({ pauseOnConnect: true }, (socket) => worker.send('connection', socket))
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        const ask = (left) =>
          http.get({ port, host: '127.0.0.1', path: `/${left}`, agent: false }, (response) => {
            response
              .setEncoding('utf8')
              .on('data', (text) => console.log(response.statusCode, text))
              .on('end', () => {
                if (left > 1) return ask(left - 1);
                server.close();
                worker.disconnect();
              });
          });
        ask(3);
      });
  });
} else {
  const server = http.createServer((request, response) => response.end(`${request.method} ${request.url}`));
  process.on('message', (message, socket) => {
    server.emit(message, socket);
    socket.resume();
  });
}
