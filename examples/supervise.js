'use strict';

// A service that keeps itself alive, and takes new code without losing a request.
//
//   node examples/supervise.js
//   kill -HUP <pid>     reload
//   kill <pid>          stop, when all requests are answered

const http = require('node:http');
const cluster = require('..'); // In your own program: require('cluster-rs').

if (cluster.isPrimary) {
  const supervisor = cluster.supervise({
    workers: 2,
    spares: 1,
    maxMemory: 500 * 1024 * 1024,
    hangTimeout: 5000,
    replaceHung: true,
  });
  cluster.once('listening', (worker, { port }) => console.log(`${process.pid} serves http://127.0.0.1:${port}/`));
  supervisor.on('death', (worker, code, signal) => console.log(`worker ${worker.id} has died (${signal ?? code})`));
  supervisor.on('hang', (worker) => console.log(`worker ${worker.id} hangs`));
  supervisor.on('reloaded', () => console.log('reloaded'));
} else {
  const server = http.createServer((request, response) => response.end(`worker ${cluster.worker.id}\n`));
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
}
