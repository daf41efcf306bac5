'use strict';
const { fork } = require('child_process');
const net = require('net');

// The channel of child_process itself, a handle and all, is not touched.
if (process.argv[2] === 'child') {
  process.on('message', (message, socket) => {
    if (socket) return socket.end('by the child');
    process.send({ message, keys: Object.keys(process.channel).length, symbols: typeof process.channel.ref });
    if (message === 'end') process.disconnect();
  });
} else {
  const child = fork(__filename, ['child'], { serialization: 'json' });
  child.on('message', (message) => console.log(message));
  child.on('exit', (code, signal) => console.log('exit', code, signal));
  const server = net
    .createServer((socket) => {
      child.send('socket', socket);
      server.close();
    })
    .listen(0, '127.0.0.1', () => {
      net
        .connect(server.address().port, '127.0.0.1')
        .setEncoding('utf8')
        .on('data', (text) => console.log(text))
        .on('close', () => child.send('end'));
    });
  child.send({ a: 1 });
}
