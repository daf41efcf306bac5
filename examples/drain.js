'use strict';

// Two workers that are replaced one after the other, while clients keep their connections.
//
//   node examples/drain.js            on a free port
//   PORT=8000 node examples/drain.js  on this one
//
// Each SIGHUP that the primary gets replaces both.

const { once } = require('node:events');
const http = require('node:http');
const cluster = require('..'); // In your own program: require('cluster-rs'), or require('node:cluster') with -r cluster-rs/register.

async function replaceAll() {
  for (const worker of Object.values(cluster.workers)) {
    await once(cluster.fork(), 'listening');
    worker.drain();
    await once(worker, 'exit');
    console.log(`worker ${worker.id} has left`);
  }
  console.log(`replaced by workers ${Object.keys(cluster.workers).join(' and ')}`);
}

async function main() {
  await once(cluster.fork(), 'listening');
  const [{ port }] = await once(cluster.fork(), 'listening');

  let replaced = Promise.resolve();
  process.on('SIGHUP', () => {
    replaced = replaced.then(replaceAll);
  });
  console.log(`kill -HUP ${process.pid} replaces the workers that answer on http://127.0.0.1:${port}/`);
}

if (cluster.isPrimary) {
  main();
} else {
  const server = http.createServer((request, response) => {
    setTimeout(() => response.end(`hello from worker ${cluster.worker.id}\n`), 20);
  });
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
}
