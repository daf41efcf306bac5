'use strict';

// An HTTP server in some workers. The primary, or one of the workers, can be kept busy.

const cluster = require('cluster');
const http = require('http');
const { keepBusy, options, say } = require('./options.js');

if (cluster.isPrimary) {
  let listening = 0;
  // Servers that share their port in the kernel don't tell the primary, so the event 'listening' would not do.
  cluster.on('message', () => {
    if (++listening !== options.workers) return;
    const workers = Object.values(cluster.workers);
    say({ workers: workers.map((worker) => worker.process.pid) });
    if (options.busyPrimary) keepBusy(options.busyPrimary);
    if (options.busyWorker) workers[0].send(options.busyWorker);
  });
  for (let i = 0; i < options.workers; i++) cluster.fork();
  process.on('SIGUSR2', () => {
    // One worker more; two seconds later, how many connections each has.
    cluster.fork().once('listening', () => {
      setTimeout(() => {
        const workers = Object.values(cluster.workers);
        const counts = workers.map((worker) => {
          worker.send({ count: true });
          return new Promise((resolve) => worker.once('message', resolve));
        });
        Promise.all(counts).then((connections) => say({ connections }));
      }, 2000);
    });
  });
} else {
  process.on('message', (message) => {
    if (message.count) server.getConnections((error, count) => process.send(count));
    else keepBusy(message);
  });
  const server = http.createServer((request, response) => {
    if (request.url === '/slow') for (const end = performance.now() + 200; performance.now() < end;);
    response.end('hello\n');
  });
  if (options.keepAliveTimeout) server.keepAliveTimeout = options.keepAliveTimeout;
  if (options.stalls) {
    const { period } = options.stalls;
    setTimeout(keepBusy, (period / options.workers) * cluster.worker.id, options.stalls);
  }
  server.listen({ port: options.port, host: '127.0.0.1', reusePort: options.reusePort }, () =>
    process.send('listening'),
  );
}
