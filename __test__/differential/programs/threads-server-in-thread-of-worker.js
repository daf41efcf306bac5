'use strict';
const cluster = require('cluster');
const net = require('net');
const { Worker, isMainThread, parentPort } = require('worker_threads');

// A server in a thread of a worker is a plain one: threads have no channel.
if (!isMainThread) {
  const server = net
    .createServer((socket) => socket.end('thread'))
    .listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
} else if (cluster.isPrimary) {
  const worker = cluster.fork();
  cluster.on('listening', () => console.log('listening'));
  worker.on('message', (message) => {
    if (!message.port) return console.log(message);
    net
      .connect(message.port, '127.0.0.1')
      .setEncoding('utf8')
      .on('data', (text) => console.log(text))
      .on('close', () => worker.kill());
  });
} else {
  const thread = new Worker(__filename);
  thread.on('message', (port) => process.send({ port }));
  thread.on('error', (error) => {
    process.send(['thread fails', error.code ?? error.name], () => process.exit());
  });
}
