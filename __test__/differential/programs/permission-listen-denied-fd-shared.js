// node: >=26
// flags: --no-warnings --permission --allow-addons --allow-child-process --allow-fs-read=* --allow-net
// env: NODE_CLUSTER_SCHED_POLICY=none
// as: options
'use strict';
const { spawn } = require('child_process');
const cluster = require('cluster');
const net = require('net');

// A socket that is bound already needs no permission of the primary, and is listened on in the worker.
if (cluster.isPrimary && process.argv[2] !== 'primary') {
  const server = net.createServer().listen(0, '127.0.0.1', () => {
    const child = spawn(process.execPath, [...process.execArgv, __filename, 'primary'], {
      stdio: ['ignore', 'inherit', 'inherit', server._handle.fd],
    });
    server.close();
    child.on('exit', (code, signal) => console.log('primary ended', code, signal));
  });
} else if (cluster.isPrimary) {
  process.permission.drop('net');
  const worker = cluster.fork();
  process.on('uncaughtException', ({ code, permission, resource }) => {
    console.log('primary', { code, permission, resource });
    worker.process.kill();
  });
  worker.on('message', (message) => console.log('worker', message));
  worker.on('listening', () => console.log('listening'));
  worker.on('exit', (code, signal) => console.log(code, signal));
} else {
  process.permission.drop('net');
  process.on('uncaughtException', ({ code, permission, resource }) => {
    process.send({ code, permission, resource }, () => process.exit());
  });
  net.createServer().listen({ fd: 3 });
}
