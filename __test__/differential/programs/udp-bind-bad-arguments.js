'use strict';
const cluster = require('cluster');
const dgram = require('dgram');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.on('message', (message) => console.log(message));
} else {
  for (const value of [{ fd: -1 }, { port: 0, address: 5 }, { port: 0, address: {} }]) {
    const socket = dgram.createSocket('udp4');
    socket.on('error', (error) => process.send(['event', JSON.stringify(value), error.code]));
    try {
      socket.bind(value);
      process.send([JSON.stringify(value), 'no error']);
    } catch (error) {
      process.send([JSON.stringify(value), error.name, error.code, error.message]);
    }
  }
  const bound = dgram.createSocket('udp4').bind(0);
  try {
    bound.bind(0);
  } catch (error) {
    process.send([error.name, error.code, error.message]);
  }
  setTimeout(() => process.exit(), 200);
}
