'use strict';

// Workers that share something: by this package, or by a Redis server and one of its clients. `work` says what they do.

const cluster = require('cluster');
const { options, ownCpu, say } = require('./options.js');

const { by, operations, port, seconds, work, workers = 1 } = options;
const VALUE = 'x'.repeat(100);

/** How many calls are made in one turn of the loop. */
const TOGETHER = 100;

/** What asks for things, with the methods that are measured. */
async function connect() {
  if (by === 'ours') return cluster.store('things', { maxBytes: 2 ** 31 });
  if (by === 'redis') {
    const client = require('redis').createClient({ url: `redis://127.0.0.1:${port}` });
    await client.connect();
    return client;
  }
  const Redis = require('ioredis');
  return new Redis(port, '127.0.0.1');
}

const acts = {
  /** One after the other: how long each takes, and the CPU time of all of them. */
  async get(store) {
    await store.set('key', VALUE);
    for (let i = 0; i < 5000; i++) await store.get('key');
    await tell({ begins: true });
    const before = ownCpu();
    const times = [];
    for (let i = 0; i < operations; i++) {
      const begin = performance.now();
      await store.get('key');
      times.push(performance.now() - begin);
    }
    const cpu = ownCpu() - before;
    times.sort((one, other) => one - other);
    return { median: times[times.length >> 1] * 1000, cpu };
  },

  /** Many in each turn of the loop. */
  async incr(store) {
    const round = () => Promise.all(Array.from({ length: TOGETHER }, () => store.incr('count')));
    for (let i = 0; i < 20; i++) await round();
    const begin = performance.now();
    let count = 0;
    while (performance.now() - begin < 1000 * seconds) {
      await round();
      count += TOGETHER;
    }
    return { perSecond: count / ((performance.now() - begin) / 1000) };
  },

  async fill(store) {
    for (let i = 0; i < operations; i += TOGETHER) {
      await Promise.all(Array.from({ length: TOGETHER }, (_, j) => store.set(`key:${i + j}`, VALUE)));
    }
    return {};
  },
};

/** Tells the primary something, and waits for its word. */
function tell(message) {
  process.send(message);
  return new Promise((resolve) => process.once('message', resolve));
}

if (cluster.isPrimary) {
  const results = [];
  for (let i = 0; i < workers; i++) cluster.fork();
  const all = () => Object.values(cluster.workers);
  const tellAll = () => all().forEach((worker) => worker.send('go'));
  let ready = 0;
  cluster.on('message', (worker, message) => {
    if (message.ready && ++ready === workers) {
      say({ workers: all().map(({ process: { pid } }) => pid) });
      tellAll();
    } else if (message.begins) {
      say({ begins: ownCpu() });
      setTimeout(tellAll, 100); // Who measures looks at other processes meanwhile.
    } else if (message.result) {
      results.push(message.result);
      if (results.length === workers) say({ results, ends: ownCpu() });
    }
  });
} else {
  connect().then(async (store) => {
    await tell({ ready: true });
    process.send({ result: await acts[work](store) });
    setInterval(() => {}, 1000);
  });
}
