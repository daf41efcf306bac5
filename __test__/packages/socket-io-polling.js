'use strict';

// socket.io with its default settings, on each worker, without anything that makes clients stick.

const cluster = require('cluster');
const http = require('http');

if (cluster.isPrimary) {
  for (let i = 0; i < 4; i++) cluster.fork();
  let ready = 0;
  cluster.on('listening', (worker, { port }) => ++ready === 4 && console.log(`port ${port}`));
} else {
  const { Server } = require('socket.io');
  const server = http.createServer();
  const io = new Server(server);
  io.on('connection', (socket) => {
    socket.on('echo', (number, answer) => answer([number, cluster.worker.id]));
  });
  server.listen(0, '127.0.0.1');
}
