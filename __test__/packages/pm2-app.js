'use strict';

// What PM2 runs in each of its workers.

const cluster = require('cluster');
const http = require('http');

const server = http.createServer((request, response) => {
  if (request.url === '/crash') process.exit(1);
  const { isWorker, native = false } = cluster;
  response.end(JSON.stringify({ pid: process.pid, place: process.env.NODE_APP_INSTANCE, isWorker, native }));
});
server.listen(process.env.PORT, '127.0.0.1');
process.on('SIGINT', () => server.close(() => process.exit(0)));
