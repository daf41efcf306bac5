'use strict';

// What workers share: a rate limit that counts in all of them together, and a job that one of them does. Kill the leader,
// and another goes on with it.

const cluster = require('..'); // In your own program: require('cluster-rs').
const { Cron } = require('croner');
const express = require('express');
const { rateLimit } = require('express-rate-limit');
const { RateLimitStore } = require('../adapters/rate-limit.js'); // In your own program: 'cluster-rs/rate-limit'.

if (cluster.isPrimary) {
  const supervisor = cluster.supervise({ workers: 4 });
  supervisor.once('ready', () => console.log(`4 workers answer on http://127.0.0.1:${port}/`));
  let port;
  cluster.on('listening', (worker, address) => (port = address.port));
} else {
  const visits = cluster.store('visits');
  const app = express();
  app.use(rateLimit({ store: new RateLimitStore(), windowMs: 60_000, limit: 100, standardHeaders: true }));
  app.get('/', async (request, response) => response.send(`visit ${await visits.incr('/')}, worker ${process.pid}\n`));
  app.listen(Number(process.env.PORT ?? 0), '127.0.0.1');

  cluster.lead('report', (signal, fence) => {
    const report = async () =>
      console.log(`${process.pid} reports ${(await visits.get('/')) ?? 0} visits, turn ${fence}`);
    const job = new Cron('* * * * * *', report); // Each second.
    signal.addEventListener('abort', () => job.stop());
  });
}
