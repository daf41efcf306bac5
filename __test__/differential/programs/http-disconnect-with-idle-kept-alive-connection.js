'use strict';
const cluster = require('cluster');
const http = require('http');

// An idle connection does not hold a worker that has been told to leave.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  const agent = new http.Agent({ keepAlive: true });
  worker.on('listening', ({ port }) => {
    http.get({ port, host: '127.0.0.1', agent }, (response) =>
      response.resume().on('end', () => setTimeout(() => worker.disconnect(), 50)),
    );
  });
  worker.on('exit', (code, signal) => {
    console.log('exit', code, signal, worker.exitedAfterDisconnect);
    agent.destroy();
  });
} else {
  http.createServer((request, response) => response.end('x')).listen(0, '127.0.0.1');
}
