'use strict';
const http = require('http');

const server = http.createServer((request, response) => response.end(`${request.method} ${request.url}`));
server.maxConnections = 2;
server.listen(0, '127.0.0.1', () => {
  console.log(server._handle.constructor.name, server.address().family, server.listening);
  http.get({ port: server.address().port, host: '127.0.0.1', path: '/p', agent: false }, (response) => {
    response
      .setEncoding('utf8')
      .on('data', (text) => console.log(text))
      .on('end', () => {
        server.getConnections((error, count) => {
          console.log(error, count);
          server.close(() => console.log('closed'));
        });
      });
  });
});
