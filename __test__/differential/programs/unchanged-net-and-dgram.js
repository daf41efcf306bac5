'use strict';
const dgram = require('dgram');
const net = require('net');

const log = [];
const server = net
  .createServer((socket) => socket.pipe(socket))
  .listen(0, '127.0.0.1', () => {
    const client = net.connect(server.address().port, '127.0.0.1').setEncoding('utf8');
    client.on('data', (text) => {
      log.push(text);
      client.end();
      server.close();
    });
    client.write('over tcp');
  });
const socket = dgram
  .createSocket('udp4')
  .bind(0, '127.0.0.1', () => socket.send('over udp', socket.address().port, '127.0.0.1'));
socket.on('message', (data) => {
  log.push(String(data));
  socket.close();
});
process.on('exit', () => console.log(log.sort()));
