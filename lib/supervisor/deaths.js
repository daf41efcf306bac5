'use strict';

/** When a worker that has died is started again, and when no more. Knows no clock of its own. */
class Deaths {
  #options;
  #times = []; // of those that count, in milliseconds
  #delays = new Map(); // how long the last wait was, by place

  /**
   * @param {object} options in milliseconds
   * @param {number} options.minDelay how long the first repeated start waits; each further one twice as long
   * @param {number} options.maxDelay but not longer. A worker that has lived for so long begins anew
   * @param {number} options.maxDeaths so many are too many,
   * @param {number} options.deathsWithin if they are within this time
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * A worker has died.
   * @param {unknown} place whose it was
   * @param {number} now
   * @param {number} lived how long it has lived
   * @returns {number | undefined} how long to wait; `undefined` to give up
   */
  add(place, now, lived) {
    const { minDelay, maxDelay, maxDeaths, deathsWithin } = this.#options;
    this.#times.push(now);
    this.#times = this.#times.filter((time) => time > now - deathsWithin);
    if (this.#times.length >= maxDeaths) return undefined;
    const last = lived >= maxDelay ? undefined : this.#delays.get(place);
    const delay = last === undefined ? 0 : Math.min(Math.max(minDelay, last * 2), maxDelay);
    this.#delays.set(place, delay);
    return delay;
  }
}

module.exports = { Deaths };
