'use strict';

// Sessions in the memory of workers: whoever has logged in comes back to the worker that knows him.
//
//   node examples/sticky.js
//   curl -c jar -b jar http://127.0.0.1:<port>/     # again and again: the same worker counts

const { randomUUID } = require('node:crypto');
const http = require('node:http');
const cluster = require('..'); // In your own program: require('cluster-rs').

if (cluster.isPrimary) {
  cluster.setupPrimary({ scheduling: { policy: 'sticky', key: 'cookie:session' } });
  let ready = 0;
  cluster.on('listening', (worker, { port }) => {
    if (++ready === 4) console.log(`4 workers answer on http://127.0.0.1:${port}/`);
  });
  for (let i = 0; i < 4; i++) cluster.fork();
} else {
  const visits = new Map(); // by session

  const server = http.createServer((request, response) => {
    let [, session] = /session=([^;]+)/.exec(request.headers.cookie) ?? [];
    if (!visits.has(session)) {
      session = randomUUID();
      response.setHeader('Set-Cookie', `session=${session}; HttpOnly`);
    }
    visits.set(session, (visits.get(session) ?? 0) + 1);
    response.end(`visit ${visits.get(session)}, counted by worker ${cluster.worker.id}\n`);
  });
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
}
