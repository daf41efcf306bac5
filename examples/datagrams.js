'use strict';

// A UDP service whose senders are spread over the workers: each worker counts what its own senders have sent.
//
//   node examples/datagrams.js
//   echo visits | nc -u 127.0.0.1 <port>

const dgram = require('node:dgram');
const cluster = require('..'); // In your own program: require('cluster-rs').

if (cluster.isPrimary) {
  cluster.setupPrimary({ scheduling: { spreadDatagrams: true } });
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready === 3) console.log(`3 workers count at udp://127.0.0.1:${port}`);
  });
  for (let i = 0; i < 3; i++) cluster.fork();
} else {
  const counts = new Map();
  const socket = dgram.createSocket('udp4', (message, { address, port }) => {
    const name = String(message).trim();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    socket.send(`${name} ${counts.get(name)}, counted by worker ${cluster.worker.id}\n`, port, address);
  });
  socket.bind(Number(process.env.PORT ?? 0), '127.0.0.1');
}
