'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  console.log(cluster.schedulingPolicy);
  worker.on('message', (message) => console.log(message));
} else {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    process.send(server._handle.constructor.name, () => process.exit());
  });
}
