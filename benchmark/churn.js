'use strict';

// A store that is changed all the time, near its bounds: the memory of the primary, which is to stay as it is.
//
//   node benchmark/churn.js [minutes, 10 if not said]

const fs = require('node:fs');
const cluster = require('..');

const minutes = Number(process.env.MINUTES ?? process.argv[2] ?? 10);
const KEYS = 400_000; // More than there is room for.
const TOGETHER = 100;
const EVERY = 30_000; // How often memory is looked at, in milliseconds.

const random = (most) => Math.floor(Math.random() * most);

async function churn() {
  const store = cluster.store('churn', { maxBytes: 64 * 2 ** 20 });
  const act = () => {
    const key = `key:${random(KEYS)}`;
    const kind = random(10);
    if (kind < 6) return store.set(key, 'x'.repeat(random(300)), { ttl: 1000 + random(60_000) });
    if (kind < 8) return store.delete(key);
    return store.get(key);
  };
  let done = 0;
  cluster.onRequest(() => done);
  for (;;) {
    await Promise.all(Array.from({ length: TOGETHER }, act));
    done += TOGETHER;
  }
}

async function watch() {
  const workers = [cluster.fork(), cluster.fork()];
  const end = Date.now() + minutes * 60_000;
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    const [, pages] = fs.readFileSync('/proc/self/statm', 'latin1').split(' ');
    const done = await Promise.all(workers.map((worker) => worker.request('done')));
    const operations = done.reduce((sum, count) => sum + count, 0);
    console.log(
      `${((Number(pages) * 4096) / 2 ** 20).toFixed(1)} MB after ${(operations / 1e6).toFixed(1)} million operations`,
    );
  }
  for (const worker of workers) worker.kill('SIGKILL');
}

if (cluster.isPrimary) watch();
else churn();
