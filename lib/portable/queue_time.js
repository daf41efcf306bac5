'use strict';

// How long connections wait for a worker, as `src/ipc/queue_time.rs` counts it.

const { arrays } = require('../primordials.js');

// In milliseconds.
const BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/** Up to how many milliseconds each bucket counts, but the last. */
const queueTimeBounds = () => BOUNDS;

class QueueTime {
  count = 0;
  sum = 0; // in milliseconds
  buckets = [...arrays.map(BOUNDS, () => 0), 0];

  /** Counts a time in milliseconds. */
  add(time) {
    const at = arrays.findIndex(BOUNDS, (bound) => time <= bound);
    this.buckets[at < 0 ? BOUNDS.length : at]++;
    this.count++;
    this.sum += time;
  }
}

module.exports = { QueueTime, queueTimeBounds };
