'use strict';
const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) => {
    http.get({ port, host: '127.0.0.1', agent: false }).on('error', (error) => {
      console.log(error.code);
      worker.disconnect();
    });
  });
} else {
  const server = http.createServer(() => server.closeAllConnections()).listen(0, '127.0.0.1');
}
