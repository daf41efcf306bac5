'use strict';

const { now } = require('./clock.js');

// For how long nothing may go on before that is taken for its end, in milliseconds.
const SILENCE = 1000;

/** Tells whether something goes on, such as the reading of what is to be read, by an amount that changes as long as it does. */
class Progress {
  #amount;
  #last;
  #since;

  /** @param {() => number | string} amount called at each look */
  constructor(amount) {
    this.#amount = amount;
  }

  /** Whether the amount has changed lately. The first look counts as a change. */
  get goesOn() {
    const amount = this.#amount();
    if (amount !== this.#last) {
      this.#last = amount;
      this.#since = now();
    }
    return now() - this.#since < SILENCE;
  }
}

module.exports = { Progress };
