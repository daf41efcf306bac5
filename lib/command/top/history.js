'use strict';

// How many looks are remembered: one a second.
const KEPT = 60;

/** What has happened lately: of each place, and of all. */
class History {
  #last; // the look before: { at, requests by worker }
  #places = new Map(); // by place, or by worker where there is none: { requests, lags }
  #all = { requests: [], lags: [] };

  /**
   * Adds a look.
   * @param {object[]} workers as in the status of an application
   * @param {number} at in milliseconds
   */
  add(workers, at) {
    const counted = new Map(workers.map(({ id, requests }) => [id, requests]));
    const seconds = this.#last ? (at - this.#last.at) / 1000 : 0;
    // One that is new began to count after the look before.
    const rateOf = ({ id, requests }) => (seconds > 0 ? (requests - (this.#last.requests.get(id) ?? 0)) / seconds : 0);
    const sums = new Map();
    for (const worker of workers) {
      const key = keyOf(worker);
      const { rate, lag } = sums.get(key) ?? { rate: 0, lag: 0 };
      sums.set(key, { rate: rate + Math.max(0, rateOf(worker)), lag: Math.max(lag, worker.lag) });
    }
    for (const key of this.#places.keys()) if (!sums.has(key)) this.#places.delete(key);
    const total = { rate: 0, lag: 0 };
    for (const [key, { rate, lag }] of sums) {
      if (!this.#places.has(key)) this.#places.set(key, { requests: [], lags: [] });
      push(this.#places.get(key), rate, lag);
      total.rate += rate;
      total.lag = Math.max(total.lag, lag);
    }
    push(this.#all, total.rate, total.lag);
    this.#last = { at, requests: counted };
  }

  /** Requests a second and lags in milliseconds, the latest last, of the place that a worker has. */
  of(worker) {
    return this.#places.get(keyOf(worker));
  }

  /** The same of all workers. */
  get all() {
    return this.#all;
  }
}

const keyOf = ({ id, place }) => (place === undefined ? `worker ${id}` : place);

function push({ lags, requests }, rate, lag) {
  requests.push(rate);
  lags.push(lag);
  if (requests.length > KEPT) [requests, lags].forEach((list) => list.shift());
}

module.exports = { History, KEPT };
