// node: >=22
'use strict';
const cluster = require('cluster');
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

// Workers that take 0, 1 and 9 connections: of ten, the second gets 1 and the third 9.
if (cluster.isPrimary) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'max-'));
  const place = path.join(folder, 'socket');
  const counts = {};
  let listening = 0;
  let answers = 0;
  for (const limit of [0, 1, 9]) {
    const worker = cluster.fork({ LIMIT: limit, PLACE: place });
    worker.on('message', () => (counts[limit] = (counts[limit] ?? 0) + 1));
  }
  const clients = [];
  const done = () => {
    console.log(counts);
    clients.forEach((client) => client.destroy());
    Object.values(cluster.workers).forEach((worker) => worker.disconnect());
  };
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  cluster.on('listening', () => {
    if (++listening < 3) return;
    for (let i = 0; i < 10; i++) {
      const client = net.connect(place).on('error', () => {});
      client.once('data', () => ++answers === 10 && setTimeout(done, 50));
      clients.push(client);
    }
  });
} else {
  const server = net.createServer((socket) => {
    process.send('one');
    socket.on('error', () => {}).write('hello');
  });
  server.on('drop', () => process.send('dropped'));
  server.maxConnections = Number(process.env.LIMIT);
  server.listen(process.env.PLACE);
}
