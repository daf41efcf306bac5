// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=* --allow-net
'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');

// Node asks nobody for a socket's file, nor for the folder that a worker starts in.
if (cluster.isPrimary) {
  cluster.setupPrimary({ cwd: '/etc' });
  const worker = cluster.fork({ FILE: `${process.cwd()}/worker.sock` });
  worker.on('message', (message) => console.log(message));
  worker.on('listening', ({ address }) => {
    console.log(fs.statSync(address).isSocket());
    worker.disconnect();
  });
  worker.on('exit', (code, signal) => console.log(code, signal));
} else {
  process.send([process.cwd(), process.permission?.has('fs.write')]);
  net.createServer().listen({ path: process.env.FILE, readableAll: true });
}
