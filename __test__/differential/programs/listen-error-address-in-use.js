'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const worker = cluster.fork({ PORT: server.address().port });
    worker.on('message', (message) => {
      console.log(message);
      worker.disconnect();
    });
    worker.on('exit', () => server.close());
  });
} else {
  net
    .createServer()
    .listen(process.env.PORT, '127.0.0.1')
    .on('error', (error) => {
      process.send({
        ...error,
        message: error.message,
        name: error.name,
        port: error.port === Number(process.env.PORT),
      });
    });
}
