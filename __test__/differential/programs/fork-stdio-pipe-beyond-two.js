'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  cluster.setupPrimary({ stdio: ['inherit', 'inherit', 'inherit', 'ipc', 'pipe', 'ignore', 'pipe'] });
  const worker = cluster.fork();
  const { stdio } = worker.process;
  console.log(stdio.map((stream) => stream?.constructor.name));
  stdio[4].setEncoding('utf8').on('data', (text) => console.log('fd 4 said', text));
  stdio[4].write('to four');
  stdio[6].setEncoding('utf8').on('data', (text) => console.log('fd 6 said', text));
  worker.process.on('close', (code, signal) => console.log('close', code, signal));
} else {
  const four = new net.Socket({ fd: 4 });
  four.setEncoding('utf8').once('data', (text) => {
    four.end(`four has heard ${text}`, () => {
      const six = new net.Socket({ fd: 6 });
      six.end('six', () => process.disconnect());
      six.unref();
    });
  });
}
