'use strict';

// A scheduler of one's own: each customer has workers of his own, by the address that he comes from. Worker 5 is
// paused, as one would be that is to be looked at in peace: it gets nothing.

const http = require('node:http');
const cluster = require('..'); // In your own program: require('cluster-rs').

const CUSTOMERS = { '127.0.0.1': [1, 2], '127.0.0.2': [3, 4] };

if (cluster.isPrimary) {
  cluster.setScheduler(({ remoteAddress }, workers) => {
    const own = workers.filter((worker) => CUSTOMERS[remoteAddress]?.includes(worker.id));
    return own[Math.floor(Math.random() * own.length)]; // Nobody's: the next in turn.
  });
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready === 5) console.log(`5 workers answer on http://127.0.0.1:${port}/`);
  });
  for (let i = 0; i < 5; i++) cluster.fork();
  cluster.workers[5].pause(); // .resume() undoes it.
  cluster.workers[1].weight = 2; // Where turns decide, this one gets twice as many.
} else {
  const server = http.createServer((request, response) => response.end(`${cluster.worker.id}`));
  server.listen(Number(process.env.PORT ?? 0), '0.0.0.0');
}
