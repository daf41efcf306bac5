// node: >=22
'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ port }) => {
    const first = net.connect(port, '127.0.0.1').once('data', () => {
      net
        .connect(port, '127.0.0.1')
        .resume()
        .on('error', () => {})
        .on('close', () => {
          console.log('second closed');
          first.end();
          worker.disconnect();
        });
    });
  });
} else {
  const server = net.createServer((socket) => {
    socket.write('in');
    socket.resume().on('end', () => socket.end());
  });
  server.maxConnections = 1;
  server.dropMaxConnection = true;
  server.on('drop', (data) => process.send(['drop', Object.keys(data), data.localAddress]));
  server.listen(0, '127.0.0.1');
}
