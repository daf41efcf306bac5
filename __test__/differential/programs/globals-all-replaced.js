// compare: sorted
'use strict';
const cluster = require('cluster');
const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const replaceGlobals = require('./fixtures/replace-globals');

// Whatever the program does to the globals, the module goes on.
const print = (text) => fs.writeSync(1, `${text}\n`);

if (cluster.isPrimary) {
  const start = () => {
    const worker = cluster.fork({ MARK: 'yes' });
    worker.on('online', () => worker.send({ list: [1, { two: 2 }] }));
    worker.on('message', (message, handle) => {
      print(`primary: ${message.what ?? message} ${message.list?.length} ${handle !== undefined}`);
      if (handle) handle.close();
      if (message === 'end') worker.disconnect();
    });
    worker.on('listening', ({ addressType, port }) => {
      print(`listening ${addressType}`);
      if (addressType !== 4) return;
      const client = net.connect(port, '127.0.0.1');
      client.on('data', (data) => print(data)).on('close', () => worker.send('next'));
    });
    worker.on('disconnect', () => print('disconnect'));
    worker.on('exit', (code) => {
      print(`exit ${code}`);
      if (worker.id === 2) return;
      cluster.setupPrimary({ serialization: 'advanced' });
      start(); // With what is there now.
    });
  };
  start();
  replaceGlobals();
} else {
  replaceGlobals();
  const server = net.createServer((connection) => connection.end(`served ${process.env.MARK}`));
  process.on('message', (message) => {
    if (message !== 'next') {
      process.send({ what: 'an object', list: message.list });
      server.listen(0, '127.0.0.1');
      return;
    }
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 10; i++) process.send({ what: i, list: [i] });
      process.send({ what: 'long', list: ['x'], text: `${process.version}${socket.address().port}` });
      process.send('a socket', socket, () => socket.close());
      const own = net.createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true });
      own.once('listening', () => {
        process.send('a server', own, () => own.close());
        process.send('end');
      });
    });
  });
}
