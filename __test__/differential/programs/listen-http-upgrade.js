'use strict';
const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    const request = http
      .request({ port, host: '127.0.0.1', headers: { connection: 'upgrade', upgrade: 'echo' } })
      .end();
    request.on('upgrade', (response, socket) => {
      console.log(response.statusCode, response.headers.upgrade);
      socket.setEncoding('utf8').on('data', (text) => {
        console.log(text);
        socket.end();
        worker.disconnect();
      });
      socket.write('over the raw socket');
    });
  });
} else {
  const server = http.createServer();
  server.on('upgrade', (request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
}
