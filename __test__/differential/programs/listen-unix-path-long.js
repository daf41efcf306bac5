'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');
const path = require('path');

// Too long as an absolute path, short enough as a relative one.
const folder = path.resolve('a'.repeat(100));
if (cluster.isPrimary) {
  fs.mkdirSync(folder);
  process.chdir(folder);
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
  worker.on('listening', (address) => {
    console.log(address.address.length > 108, path.basename(address.address));
    net
      .connect('s.sock')
      .on('close', () => worker.disconnect())
      .setEncoding('utf8')
      .on('data', (text) => console.log(text));
  });
  worker.on('exit', () => {
    process.chdir('..');
    fs.rmSync(folder, { recursive: true });
  });
} else {
  net
    .createServer((socket) => socket.end('reached'))
    .listen('s.sock')
    .on('error', (error) => process.send([error.code, error.syscall]));
}
