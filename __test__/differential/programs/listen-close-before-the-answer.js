'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', () => console.log('listening must not be seen'));
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const server = net.createServer();
  const events = [];
  server.on('listening', () => events.push('listening'));
  server.on('close', () => events.push('close'));
  server.on('error', (error) => events.push(error.code));
  server.listen(0, '127.0.0.1');
  server.close((error) => events.push(['callback', error?.code]));
  setTimeout(() => process.send(events, () => process.disconnect()), 200);
}
