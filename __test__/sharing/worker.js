'use strict';

// A worker that asks for one thing after the other, and writes down what it has asked and what it has got. Its primary keeps
// eight of them alive.

const cluster = require('cluster');
const fs = require('fs');
const path = require('path');
const http = require('http');

const { FOLDER, REDIS_PORT, REDIS_MODULE } = process.env;

if (cluster.isPrimary) {
  // They are killed all the time.
  cluster.supervise({ workers: 8, hangTimeout: 60_000, maxDeaths: 100_000, maxDelay: 0, minDelay: 0 });
} else {
  http.createServer(() => {}).listen(0, '127.0.0.1');
  const sharing = REDIS_PORT
    ? cluster.connect({ redis: require(REDIS_MODULE).createClient({ url: `redis://127.0.0.1:${REDIS_PORT}` }) })
    : cluster;
  const store = sharing.store('history');
  const log = fs.openSync(path.join(FOLDER, `${process.pid}`), 'a');
  const write = (entry) => fs.writeSync(log, `${JSON.stringify(entry)}\n`);
  const now = () => Number(process.hrtime.bigint());
  const random = (most) => Math.floor(Math.random() * most);
  const asks = [
    () => ['get'],
    () => ['set', random(3)],
    () => ['add', random(3)],
    () => ['incr', 1],
    () => ['compareAndSet', random(2) ? random(3) : undefined, random(4) ? random(3) : undefined],
    () => ['delete'],
  ];
  let last = 0;

  const ask = async () => {
    // New keys all the time: each has a short history.
    const key = `${Math.floor(now() / 20e6)}:${random(2)}`;
    const [name, ...given] = asks[random(asks.length)]();
    const id = ++last;
    write({ id, key, name, given: given.map((one) => one ?? null), began: now() });
    try {
      const answer = await store[name](key, ...given);
      write({ id, ended: now(), answer: answer ?? null });
    } catch (error) {
      if (!/AWAY|GONE/.test(error.code)) throw error;
    }
  };
  const go = async () => {
    for (;;) {
      await Promise.all([ask(), ask()].slice(random(2)));
      await new Promise((resolve) => setTimeout(resolve, random(3)));
    }
  };
  go();
}
