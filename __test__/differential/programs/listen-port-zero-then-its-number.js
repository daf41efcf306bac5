'use strict';
const cluster = require('cluster');
const net = require('net');

// A port that another worker has got by listen(0) is not shared by asking for its number.
if (cluster.isPrimary) {
  const first = cluster.fork({ PORT: 0 });
  first.once('listening', ({ port }) => {
    const second = cluster.fork({ PORT: port });
    second.on('message', (message) => {
      console.log(message);
      cluster.disconnect();
    });
  });
} else {
  const server = net.createServer().listen(process.env.PORT, '127.0.0.1');
  if (process.env.PORT !== '0') {
    server.on('listening', () => process.send('listening'));
    server.on('error', (error) => process.send([error.code, error.syscall]));
  }
}
