'use strict';
const cluster = require('cluster');
const net = require('net');

// What the program adds to the prototypes changes its messages, and nothing else.
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message, handle) => {
    console.log(JSON.stringify(message).slice(0, 60), handle?.constructor.name);
    handle?.close();
    if (message === 'end') worker.process.kill('SIGKILL');
  });
  worker.on('exit', (code, signal) => console.log('exit', code, signal));
} else {
  const long = 'x'.repeat(5000);
  const text = () => {
    process.send({ long });
    process.send({ long });
    process.send({ list: [1, [2]], text: 'one' });
    process.send([1, 2]);
    process.send('plain');
    for (let i = 0; i < 6; i++) process.send(i);
  };
  text();
  Array.prototype.toJSON = function () {
    return `a list of ${this.length}`;
  };
  text();
  const server = net.createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => {
    process.send({ list: [1] }, server);
    Object.prototype.toJSON = () => 'an object';
    text();
    process.send('end');
  });
}
