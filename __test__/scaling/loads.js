'use strict';

// Loads as a `Scaling` sees them, and what becomes of the number of workers.

const { Scaling } = require('../../lib/supervisor/scaling.js');

const EVERY = 200; // milliseconds from sample to sample
const MEGABYTE = 2 ** 20;

/** Numbers that look like chance, the same in each run with this seed. */
function* chance(seed) {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/**
 * What workers make of so much work, in workers that would be wholly busy: what is too much waits, and is made up for.
 * @param {number} backlog seconds of one worker's work that wait from before
 */
function serve(demand, size, backlog) {
  const work = backlog + demand * (EVERY / 1000);
  const done = Math.min(work, size * (EVERY / 1000));
  return { left: work - done, busy: done / (size * (EVERY / 1000)) };
}

/**
 * Has a number of workers follow a load.
 * @param {object} options of the `Scaling`, and `size`, how many there are at first
 * @param {number} seconds how long
 * @param {(seconds: number) => number} demand how many workers would be wholly busy
 * @param {(sample: object) => object} [change] changes a sample
 * @returns {{ at: number, size: number, reason: string, isHeld?: boolean }[]} the decisions, with seconds
 */
function follow({ size = 2, min = 2, max = 8, scaleDownAfter = 60_000 }, seconds, demand, change = (sample) => sample) {
  const scaling = new Scaling({ min, max, scaleDownAfter });
  const decisions = [];
  let backlog = 0;
  for (let time = 0; time < seconds * 1000; time += EVERY) {
    const { busy, left } = serve(demand(time / 1000), size, backlog);
    backlog = left;
    const sample = {
      time,
      size,
      inService: size,
      utilizations: Array(size).fill(busy),
      queueTime: (1000 * backlog) / size,
      largestWorker: 100 * MEGABYTE,
      availableMemory: 10_000 * MEGABYTE,
    };
    const decision = scaling.decide(change(sample));
    if (!decision) continue;
    decisions.push({ at: time / 1000, ...decision });
    if (!decision.isHeld) size = decision.size;
  }
  return decisions;
}

/**
 * A sample of `recorded.json`, which are those of a service whose handlers block for 20 ms.
 * @param {number[]} row time, size, how many are in service, queue time if there is one, and utilizations
 */
function sampleOf([time, size, inService, queueTime, ...utilizations]) {
  const memory = { largestWorker: 50 * MEGABYTE, availableMemory: 10_000 * MEGABYTE };
  return { time, size, inService, queueTime: queueTime ?? undefined, utilizations, ...memory };
}

module.exports = { EVERY, MEGABYTE, chance, follow, sampleOf };
