'use strict';

// A service under a supervisor, whose handlers block for 20 ms without a use for a core, as a synchronous query does: so many
// workers help on any machine. Says when it is ready, spares included, and each change of the number of workers by load.

const cluster = require('cluster');
const http = require('http');
const { options, say } = require('./options.js');

const BLOCKED_FOR = 20;

if (cluster.isPrimary) {
  const supervisor = cluster.supervise({ workers: options.workers, spares: options.spares });
  supervisor.on('scaled', (_, size) => say({ size, at: Date.now() }));
  const timer = setInterval(() => {
    if (supervisor.workers.length < supervisor.size || supervisor.spares.length < options.spares) return;
    clearInterval(timer);
    say({ primary: process.pid, workers: [...supervisor.workers, ...supervisor.spares].map((one) => one.process.pid) });
  }, 10);
} else {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  http
    .createServer((request, response) => {
      Atomics.wait(nothing, 0, 0, BLOCKED_FOR);
      response.end('hello\n');
    })
    .listen(options.port, '127.0.0.1');
}
