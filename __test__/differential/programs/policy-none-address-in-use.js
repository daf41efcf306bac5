'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const worker = cluster.fork({ PORT: server.address().port });
    worker.on('message', (message) => {
      console.log(message);
      server.close();
      worker.disconnect();
    });
  });
} else {
  net
    .createServer()
    .listen(process.env.PORT, '127.0.0.1')
    .on('error', (error) => {
      process.send({ ...error, message: error.message, port: error.port === Number(process.env.PORT) });
    });
}
