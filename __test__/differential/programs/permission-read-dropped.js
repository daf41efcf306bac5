// node: >=24
// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=* --allow-net
'use strict';
const cluster = require('cluster');
const net = require('net');

// Who has given up reading files can go on with everything else.
process.permission.drop('fs.read');

if (cluster.isPrimary) {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    cluster.setupPrimary({ serialization: 'advanced', silent: true });
    const worker = cluster.fork();
    worker.process.stdout.pipe(process.stdout);
    worker.send(new Map([[1, 2]]), server, () => server.close());
    worker.on('message', (message) => {
      console.log(message);
      worker.disconnect();
    });
    worker.on('listening', ({ port }) => net.connect(port, '127.0.0.1').resume());
    worker.on('exit', (code, signal) => console.log(code, signal));
  });
} else {
  process.once('message', (message, server) => {
    console.log(message, server.constructor.name);
    server.close();
    net
      .createServer((socket) => {
        socket.end();
        process.send('connected');
      })
      .listen(0, '127.0.0.1');
  });
}
