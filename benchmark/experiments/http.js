'use strict';

const { load, pace } = require('../load.js');
const { freePort, withProgram } = require('../program.js');

/** The longest that a warm-up may take, in milliseconds: on a busy machine it would not end. */
const MOST_WARM_UP = 15_000;

/** CPU time between two readings of `Program.cpu()`, for each of so many operations, in microseconds. */
function cpuEach(before, after, operations) {
  return {
    primary: (after.primary - before.primary) / operations,
    workers: (after.workers - before.workers) / operations,
  };
}

/**
 * Puts load on the program `http`.
 * @param {object} way
 * @param {object} options
 * @param {number} options.workers
 * @param {number} options.seconds a whole number
 * @param {number} [options.warmUp] how many requests are not counted before each worker runs compiled code
 * @param {number} options.clients
 * @param {boolean} [options.keepAlive]
 * @param {number} [options.rate] so many connections per second, instead of as many as there can be
 * @param {object} [options.busy] further options of the program
 */
async function underLoad(way, { workers, seconds, warmUp = 0, clients, keepAlive = false, rate, busy }) {
  const port = await freePort();
  return withProgram(['http', way, { workers, port, ...busy }], async (program) => {
    const end = Date.now() + MOST_WARM_UP;
    let warm = 0;
    do warm += (await load({ port, seconds: 1, keepAlive, clients })).requests;
    while (warm < warmUp && Date.now() < end);
    const before = program.cpu();
    const made = await (rate ? pace({ port, seconds, rate }) : load({ port, seconds, keepAlive, clients }));
    const cpu = cpuEach(before, program.cpu(), made.requests);
    if (made.errors > 0) console.warn(`\n${made.errors} of ${made.requests} requests have failed: ${way.name}`);
    return { perSecond: made.requests / made.seconds, p99: made.p99, cpu };
  });
}

module.exports = { cpuEach, underLoad };
