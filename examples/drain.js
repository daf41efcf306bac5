'use strict';

// A rolling restart by hand: each worker is replaced once a minute, and clients do not notice. Long connections are
// told to come again.

const http = require('node:http');
const cluster = require('..'); // In your own program: require('cluster-rs').

const EVERY = Number(process.env.EVERY ?? 60_000); // milliseconds

if (cluster.isPrimary) {
  cluster.fork().once('listening', ({ port }) => console.log(`answers on http://127.0.0.1:${port}/`));
  setInterval(() => {
    const [old] = Object.values(cluster.workers);
    cluster.fork().once('listening', () => old.drain());
  }, EVERY);
} else {
  const events = new Set(); // responses that never end by themselves

  const server = http.createServer((request, response) => {
    if (request.url !== '/events') return response.end(`worker ${cluster.worker.id}\n`);
    events.add(response);
    return response.write('retry: 100\n\n');
  });
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');

  process.on('drain', () => {
    for (const response of events) response.end(); // Their clients connect again.
  });
}
