'use strict';

const { Map } = require('../primordials.js');

/** What is done one after the other. Of those that wait, all that do the same are one. */
class Turns {
  #running;
  #current;
  #waiting = new Map(); // by what they do

  /** Whether something is being done. */
  get areTaken() {
    return this.#running !== undefined;
  }

  /** What is being done, if anything is. */
  get current() {
    return this.#current;
  }

  /**
   * Does something in its turn.
   * @param {string} what
   * @param {() => Promise<void>} run
   * @returns {Promise<void>} `run`'s
   */
  take(what, run) {
    if (!this.#running) return (this.#running = this.#run(what, run));
    if (!this.#waiting.has(what)) this.#waiting.set(what, this.#wait(what, run));
    return this.#waiting.get(what);
  }

  async #run(what, run) {
    this.#current = what;
    try {
      await run();
    } finally {
      this.#running = this.#current = undefined;
    }
  }

  async #wait(what, run) {
    try {
      await this.#running;
    } catch {
      // Its own caller hears of it.
    }
    this.#waiting.delete(what);
    await this.take(what, run);
  }
}

module.exports = { Turns };
