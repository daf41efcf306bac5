'use strict';
const cluster = require('cluster');
const net = require('net');

// On either side, it ends nothing.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) => {
    process.emit('exit', 0);
    worker.send('emit');
    worker.once('message', () => {
      const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
      client.on('data', (data) => console.log(data)).on('close', () => worker.send('end'));
    });
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  const server = net.createServer((connection) => connection.end('served'));
  process.on('message', (message) => {
    if (message === 'end') {
      for (let i = 0; i < 10; i++) process.send(i);
      process.exit(3);
    }
    process.emit('exit', 0);
    process.send('emitted');
  });
  server.listen(0, '127.0.0.1');
}
