'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  const server = net.createServer();
  const events = [];
  for (const name of ['listening', 'close', 'error']) server.on(name, () => events.push(name));
  server.listen({ port: 0, host: '127.0.0.1', signal: AbortSignal.abort() });
  setTimeout(() => process.send(events, () => process.disconnect()), 200);
}
