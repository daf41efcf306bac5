'use strict';
const cluster = require('cluster');
const net = require('net');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const lines = [];
  worker.on('message', (message) => lines.push(message));
  worker.on('exit', () => console.log(lines));
} else {
  const forms = [
    [],
    [0],
    ['0'],
    [0, 511],
    [0, '127.0.0.1'],
    [0, '127.0.0.1', 5],
    [{ port: 0 }],
    [{ port: '0', host: '127.0.0.1', backlog: 3 }],
    [undefined],
    [null],
    [{ port: undefined, host: '127.0.0.1' }],
  ];
  const next = () => {
    if (forms.length === 0) return process.disconnect();
    const server = net.createServer();
    const form = forms.shift();
    try {
      server.listen(...form, function () {
        process.send([JSON.stringify(form), server.address().address, this === server]);
        server.close(next);
      });
    } catch (error) {
      process.send([JSON.stringify(form), error.code]);
      next();
    }
  };
  next();
}
