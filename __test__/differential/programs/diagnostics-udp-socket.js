'use strict';
const cluster = require('cluster');
const dgram = require('dgram');
const diagnostics = require('diagnostics_channel');

// One event for each socket of the program's: for one that binds, and for one that comes from the primary.
let count = 0;
diagnostics.subscribe('udp.socket', ({ socket }) => (count += socket.constructor.name === 'Socket' ? 1 : 100));

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => {
    if (message !== 'bound') return console.log('worker', message);
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => worker.send('socket', socket, () => socket.close()));
  });
  worker.on('exit', (code) => console.log('exit', code, 'primary', count));
} else {
  const socket = dgram.createSocket('udp6');
  socket.bind(0, '::1', () => process.send('bound'));
  process.on('message', (message, passed) => {
    passed.close();
    socket.close();
    process.send([message, count], () => process.disconnect());
  });
}
