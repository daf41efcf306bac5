'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  const forms = [[], [0], [0, '127.0.0.1'], [{ port: 0 }], [{ address: '127.0.0.1' }], [{}]];
  const next = () => {
    if (forms.length === 0) return process.disconnect();
    const form = forms.shift();
    const socket = dgram.createSocket('udp4');
    socket.bind(...form, () => {
      process.send([JSON.stringify(form), socket.address().address]);
      socket.close(next);
    });
  };
  next();
}
