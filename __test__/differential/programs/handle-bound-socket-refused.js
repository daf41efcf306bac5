// node: >=24
'use strict';
const cluster = require('cluster');
const net = require('net');

// Node 24 has it, and does not send it; since Node 26 it is sent.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  const bound = new net.BoundSocket({ port: 0, host: '127.0.0.1' });
  try {
    worker.send('bound', bound, () => console.log('sent'));
  } catch (error) {
    console.log(error.code);
    worker.send('nothing');
  }
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.once('message', (message, handle) => {
    handle?.close();
    process.disconnect();
  });
}
