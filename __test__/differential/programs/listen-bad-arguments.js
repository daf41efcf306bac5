'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  for (const value of [
    -1,
    65536,
    'text',
    NaN,
    1.5,
    true,
    {},
    [],
    null,
    { port: -1 },
    { port: '1x' },
    { host: 'x' },
    { path: 5 },
    { fd: -1 },
  ]) {
    const server = net.createServer();
    server.on('error', () => {});
    try {
      server.listen(value);
      server.close();
      process.send([JSON.stringify(value), 'no error']);
    } catch (error) {
      process.send([JSON.stringify(value), error.name, error.code, error.message]);
    }
  }
  setTimeout(() => process.disconnect(), 100);
}
