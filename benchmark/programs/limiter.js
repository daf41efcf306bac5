'use strict';

// An Express server with a rate limiter, or without one.

const cluster = require('cluster');
const { options, say } = require('./options.js');

const { by, port, redisPort, workers } = options;

async function storeOf() {
  if (by === 'own') return new (require('express-rate-limit').MemoryStore)();
  if (by === 'ours') return new (require('../../adapters/rate-limit.js').RateLimitStore)();
  if (by === 'memory') {
    const { ClusterMemoryStoreWorker } = require('@express-rate-limit/cluster-memory-store');
    return new ClusterMemoryStoreWorker({ prefix: 'limiter' });
  }
  const client = require('redis').createClient({ url: `redis://127.0.0.1:${redisPort}` });
  await client.connect();
  const { RedisStore } = require('rate-limit-redis');
  return new RedisStore({ sendCommand: (...words) => client.sendCommand(words) });
}

async function serve() {
  const app = require('express')();
  if (by !== 'none') {
    const { rateLimit } = require('express-rate-limit');
    app.use(rateLimit({ store: await storeOf(), windowMs: 60_000, limit: 1e9, standardHeaders: true }));
  }
  app.get('/', (request, response) => response.send('hello'));
  app.listen(port, '127.0.0.1');
}

if (cluster.isPrimary) {
  if (by === 'memory') {
    const { ClusterMemoryStorePrimary } = require('@express-rate-limit/cluster-memory-store');
    new ClusterMemoryStorePrimary().init();
  }
  let listening = 0;
  cluster.on('listening', () => {
    if (++listening < workers) return;
    say({ workers: Object.values(cluster.workers).map(({ process: { pid } }) => pid) });
  });
  for (let i = 0; i < workers; i++) cluster.fork();
} else serve();
