'use strict';

const { Math, arrays } = require('../primordials.js');

/**
 * When a place gets another worker, and whether there is hope for it. A start counts as failed if the worker ends before
 * it was ready, or soon after. Knows no clock of its own, and nothing of other places.
 */
class BackOff {
  #options;
  #failures = []; // when starts have failed, in milliseconds
  #delay; // of the last start that followed a failed one
  #isHopeless = false;

  /**
   * @param {object} options in milliseconds
   * @param {number} options.minDelay how long the first repeated start waits; each further one twice as long
   * @param {number} options.maxDelay but not longer. A worker that has been ready and lived for so long has not failed
   * @param {number} options.maxDeaths so many failed starts are too many,
   * @param {number} options.deathsWithin if they are within this time
   */
  constructor(options) {
    this.#options = options;
  }

  /** Whether too many starts have failed, and none has been good since then. */
  get isHopeless() {
    return this.#isHopeless;
  }

  /**
   * A worker of this place has ended, or could not be forked.
   * @param {object} ending
   * @param {number} ending.now when
   * @param {number} ending.age how old it was
   * @param {boolean} ending.hasStarted whether it was ready before
   * @returns {number} how long the next start waits
   */
  ended({ now, age, hasStarted }) {
    const { minDelay, maxDelay, maxDeaths, deathsWithin } = this.#options;
    if (hasStarted && age >= maxDelay) {
      this.#failures = [];
      this.#isHopeless = false;
      this.#delay = 0;
      return 0;
    }
    const recent = arrays.filter(this.#failures, (time) => time > now - deathsWithin);
    this.#failures = arrays.slice([...recent, now], -maxDeaths);
    if (this.#failures.length >= maxDeaths) this.#isHopeless = true;
    this.#delay = this.#delay === undefined ? 0 : Math.min(Math.max(minDelay, this.#delay * 2), maxDelay);
    return this.#delay;
  }
}

module.exports = { BackOff };
