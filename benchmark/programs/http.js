'use strict';

// An HTTP server in some workers. The primary, or one of the workers, can be kept busy.

const cluster = require('cluster');
const http = require('http');
const { keepBusy, options, say } = require('./options.js');

if (cluster.isPrimary) {
  let listening = 0;
  // Servers that share their port in the kernel don't tell the primary, so the event 'listening' would not do.
  cluster.on('message', () => {
    if (++listening < options.workers) return;
    const workers = Object.values(cluster.workers);
    say({ workers: workers.map((worker) => worker.process.pid) });
    if (options.busyPrimary) keepBusy(options.busyPrimary);
    if (options.busyWorker) workers[0].send(options.busyWorker);
  });
  for (let i = 0; i < options.workers; i++) cluster.fork();
} else {
  process.once('message', keepBusy);
  const server = http.createServer((request, response) => response.end('hello\n'));
  server.listen({ port: options.port, host: '127.0.0.1', reusePort: options.reusePort }, () =>
    process.send('listening'),
  );
}
