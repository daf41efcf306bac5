'use strict';

// One worker for each core, all answering on one port of 127.0.0.1.
//
//   npm start              on a free port
//   PORT=8000 npm start    on this one

const http = require('node:http');
const os = require('node:os');
const cluster = require('..'); // In your own program: require('cluster-rs'), or require('node:cluster') with -r cluster-rs/register.

if (cluster.isPrimary) {
  const workers = os.availableParallelism();
  let ready = 0;

  cluster.on('listening', (worker, address) => {
    ready += 1;
    if (ready === workers) console.log(`${workers} workers answer on http://127.0.0.1:${address.port}/`);
  });
  cluster.on('exit', (worker, code, signal) => {
    console.log(`worker ${worker.id} has left (${signal ?? `exit code ${code}`})`);
    process.exitCode = code || process.exitCode;
  });

  for (let i = 0; i < workers; i += 1) cluster.fork();
} else {
  const server = http.createServer((request, response) => {
    response.end(`hello from worker ${cluster.worker.id}\n`);
  });
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
}
