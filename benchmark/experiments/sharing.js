'use strict';

const { setTimeout: delay } = require('node:timers/promises');
const { load } = require('../load.js');
const { freePort, ways, withProgram } = require('../program.js');
const { isThere, withRedis } = require('../redis.js');

const { ours, builtin } = ways;

const absent = 'redis-server is not installed: sudo apt-get install redis-server';
const byRedis = { ...builtin, name: 'node-redis', by: 'redis' };
const byIoredis = { ...builtin, name: 'ioredis', by: 'ioredis' };
const all = { ours: { ...ours, by: 'ours' }, redis: byRedis, ioredis: byIoredis };

/** Calls `sample(way, server)`, with a server for the ways that need one. */
const sampled = (sample) => async (way) => {
  if (!['redis', 'ioredis'].includes(way.by)) return sample(way);
  return isThere ? withRedis((server) => sample(way, server)) : undefined;
};

const GETS = 10_000;

const get = {
  name: 'store-get',
  absent,
  ways: all,
  sample: sampled((way, server) =>
    withProgram(
      ['sharing', way, { by: way.by, work: 'get', operations: GETS, port: server?.port }],
      async (program) => {
        const { begins } = await program.next();
        const before = server?.cpu();
        const { ends, results } = await program.next();
        const [{ cpu, median }] = results;
        const other = server ? server.cpu() - before : ends - begins;
        return { median, cpu: (cpu + other) / GETS };
      },
    ),
  ),
  rows: ['redis', 'ioredis'].flatMap((against) => [
    {
      name: `get from a store, against ${all[against].name}`,
      unit: 'µs',
      what: `A worker gets 100 bytes, ${GETS} times, one after the other; the median. A Redis server is on the same host, by TCP.`,
      value: (sample) => sample.median,
      against,
      basis: all[against].name,
      wanted: { atMost: 0.6 },
    },
    {
      name: `CPU of a get, against ${all[against].name}`,
      unit: 'µs',
      what: 'The same samples: CPU time of the worker and of who answers.',
      value: (sample) => sample.cpu,
      against,
      basis: all[against].name,
      wanted: { atMost: 0.5 },
    },
  ]),
};

const incr = {
  name: 'store-incr',
  absent,
  ways: all,
  sample: sampled((way, server) =>
    withProgram(
      ['sharing', way, { by: way.by, work: 'incr', workers: 4, seconds: 2, port: server?.port }],
      async (program) => {
        const { results } = await program.next();
        return { perSecond: results.reduce((sum, { perSecond }) => sum + perSecond, 0) };
      },
    ),
  ),
  rows: ['redis', 'ioredis'].map((against) => ({
    name: `incr by 4 workers, against ${all[against].name}`,
    unit: '/s',
    what: 'Each makes 100 calls in a turn of the loop, and then the next.',
    value: (sample) => sample.perSecond,
    against,
    basis: all[against].name,
    wanted: { atLeast: 3 },
  })),
};

const limiters = {
  ours: { ...ours, by: 'ours' },
  none: { ...ours, name: 'no limiter', by: 'none' },
  own: { ...ours, name: 'counting by itself', by: 'own' },
  redis: { ...ours, name: 'rate-limit-redis', by: 'redis' },
  memory: { ...builtin, name: 'cluster-memory-store', by: 'memory' },
};

const limiter = {
  name: 'rate-limiter',
  absent,
  ways: limiters,
  sample: sampled(async (way, server) => {
    const port = await freePort();
    const options = { by: way.by, workers: 2, port, redisPort: server?.port };
    return withProgram(['limiter', way, options], async () => {
      await load({ port, seconds: 1, keepAlive: true, clients: 32 });
      const { requests, seconds } = await load({ port, seconds: 2, keepAlive: true, clients: 32 });
      return { perSecond: requests / seconds };
    });
  }),
  rows: [['none', 0.9], ['own'], ['redis', 1], ['memory', 1]].map(([against, atLeast]) => ({
    name: `Express with a rate limiter, against ${limiters[against].name}`,
    unit: '/s',
    what: 'Requests by 32 kept-alive clients of two workers with express-rate-limit.',
    value: (sample) => sample.perSecond,
    columns: { none: undefined },
    against,
    basis: limiters[against].name,
    wanted: atLeast && { atLeast },
  })),
};

const ENTRIES = 1_000_000;

const memory = {
  name: 'store-memory',
  absent,
  ways: { ours: all.ours, redis: byRedis },
  sample: sampled((way, server) =>
    withProgram(
      ['sharing', way, { by: way.by, work: 'fill', operations: ENTRIES, port: server?.port }],
      async (program) => {
        const used = () => (server ? server.resident() : program.memory().primary.own);
        const before = used();
        await program.next();
        await delay(500);
        return { each: (used() - before) / ENTRIES };
      },
    ),
  ),
  rows: [
    {
      name: 'memory of an entry',
      unit: 'B',
      what: `${ENTRIES} entries of 100 bytes, with keys of up to 10: memory of the primary above that without them.`,
      value: ({ each }) => each,
      against: 'redis',
      basis: 'Redis',
      wanted: { atMost: 1.5 },
    },
  ],
};

module.exports = [get, incr, limiter, memory];
