'use strict';
const cluster = require('cluster');
const http = require('http');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) => {
    net
      .connect(port, '127.0.0.1')
      .resume()
      .on('close', () => {
        http
          .request(
            { port, host: '127.0.0.1', agent: false, headers: { expect: '100-continue' }, method: 'POST' },
            (response) => {
              response.resume().on('end', () => worker.disconnect());
            },
          )
          .end('body');
      })
      .write('not http\r\n\r\n');
  });
} else {
  const server = http.createServer();
  server.on('clientError', (error, socket) => {
    process.send(['clientError', error.code]);
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  server.on('checkContinue', (request, response) => {
    process.send(['checkContinue', request.method]);
    response.writeContinue();
    request.resume().on('end', () => response.end());
  });
  server.on('connection', () => process.send('connection'));
  server.listen(0, '127.0.0.1');
}
