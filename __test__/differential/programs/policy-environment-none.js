// env: NODE_CLUSTER_SCHED_POLICY=none
'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  console.log(cluster.schedulingPolicy === cluster.SCHED_NONE);
  cluster.fork().on('message', (message) => console.log(message));
} else {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    process.send([server._handle.constructor.name, server.address().port > 0], () =>
      server.close(() => process.disconnect()),
    );
  });
}
