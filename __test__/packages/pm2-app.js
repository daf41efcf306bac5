'use strict';

// What PM2 runs in each of its workers.

const cluster = require('cluster');
const http = require('http');
const net = require('net');

const server = http.createServer((request, response) => {
  if (request.url === '/crash') process.exit(1);
  const { isWorker, native = false } = cluster;
  response.end(JSON.stringify({ pid: process.pid, place: process.env.NODE_APP_INSTANCE, isWorker, native }));
});
server.listen(process.env.PORT, '127.0.0.1');

// Not http's own close: since Node 26 that hangs up on clients whose request has not arrived yet.
process.on('SIGINT', () => net.Server.prototype.close.call(server, () => process.exit(0)));
