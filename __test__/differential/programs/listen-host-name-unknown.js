'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  net
    .createServer()
    .listen(0, 'no-such-host.invalid')
    .on('error', (error) => {
      process.send([error.syscall, error.hostname, /^(ENOTFOUND|EAI_AGAIN)$/.test(error.code)]);
    });
}
