'use strict';
const cluster = require('cluster');
const dgram = require('dgram');
const net = require('net');
const { asksToOpen, spelled } = require('./fixtures/permission-flags.js');

// To a worker that may not use the network.
const makers = {
  socket: (ready) =>
    net
      .createServer((socket) => ready(socket))
      .listen(0, '127.0.0.1', function () {
        net.connect(this.address().port, '127.0.0.1').resume();
        this.unref();
      }),
  server: (ready) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => ready(server, () => server.close()));
  },
  datagrams: (ready) => {
    const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => ready(socket, () => socket.close()));
  },
};

function next([name, ...rest]) {
  if (name === undefined) return;
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(name, message));
  worker.on('exit', (code, signal) => {
    console.log(name, code, signal);
    next(rest);
  });
  makers[name]((handle, done) => worker.send(name, handle, done));
}

if (cluster.isPrimary) {
  cluster.setupPrimary({ execArgv: spelled('--no-warnings --permission --allow-addons --allow-fs-read=*') });
  next(Object.keys(makers).slice(asksToOpen() ? 1 : 0)); // The first is a connection.
} else {
  const say = (...message) => process.send(message, () => process.exit());
  process.on('uncaughtException', ({ code, permission, resource }) => say({ code, permission, resource }));
  process.on('message', (message, handle) => {
    const isSocket = handle instanceof net.Socket;
    if (isSocket) handle.end('by the worker').on('finish', () => say('Socket'));
    else say(handle?.constructor.name);
  });
}
