'use strict';

const { Map } = require('../primordials.js');

/** What is done one after the other. Of those that wait, all that do the same are one. */
class Turns {
  #running;
  #waiting = new Map(); // by what they do

  /** Whether something is being done. */
  get areTaken() {
    return this.#running !== undefined;
  }

  /**
   * Does something in its turn.
   * @param {string} what
   * @param {() => Promise<void>} run
   * @returns {Promise<void>} `run`'s
   */
  take(what, run) {
    if (!this.#running) {
      this.#running = run().finally(() => (this.#running = undefined));
      return this.#running;
    }
    if (!this.#waiting.has(what)) {
      const again = () => {
        this.#waiting.delete(what);
        return this.take(what, run);
      };
      this.#waiting.set(what, this.#running.then(again, again));
    }
    return this.#waiting.get(what);
  }
}

module.exports = { Turns };
