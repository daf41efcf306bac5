'use strict';

const { now } = require('./clock.js');

// For how long nothing may go on before that is taken for its end, in milliseconds; and what is printed, which goes from
// process to process, each of which waits for the next.
const SILENCE = 1000;
const SILENCE_OF_OUTPUT = 3000;

/** Tells whether something goes on, such as the reading of what is to be read, by an amount that changes as long as it does. */
class Progress {
  #amount;
  #last;
  #silence;
  #since;

  /** @param {() => number | string} amount called at each look @param {number} [silence] */
  constructor(amount, silence = SILENCE) {
    this.#amount = amount;
    this.#silence = silence;
  }

  /** Whether the amount has changed lately. The first look counts as a change. */
  get goesOn() {
    const amount = this.#amount();
    if (amount !== this.#last) {
      this.#last = amount;
      this.#since = now();
    }
    return now() - this.#since < this.#silence;
  }
}

module.exports = { Progress, SILENCE_OF_OUTPUT };
