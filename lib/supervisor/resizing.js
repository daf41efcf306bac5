'use strict';

// How the number of workers changes, because somebody has said so or by load: one change after the other.

const { Math, Promise, arrays, promises } = require('../primordials.js');
const { askForFigures } = require('./process_figures.js');

if (process.permission) require('./scaler.js'); // While it can be read.

class Resizing {
  #native;
  #pool;
  #options;
  #on;
  #changes = promises.resolve(); // fulfilled when the last of them is done
  #pending = 0; // how many of them are not done
  #scaler; // has the number follow the load, if it is to

  /**
   * @param {object} native the addon's `Primary`
   * @param {import('./pool.js').Pool} pool
   * @param {object} options of the supervisor
   * @param {object} on
   * @param {(event: string, ...about: any[]) => void} on.event called with an event of the supervisor
   * @param {() => boolean} on.isSettled tells whether nothing goes on that changes more than a worker
   */
  constructor(native, pool, options, on) {
    this.#native = native;
    this.#pool = pool;
    this.#options = options;
    this.#on = on;
  }

  /** The fewest and the most workers that there are to be. */
  get bounds() {
    return this.#scaler?.bounds ?? { min: this.#pool.size, max: this.#pool.size };
  }

  /** Fulfilled when all changes that have begun are done. */
  done() {
    return this.#changes;
  }

  /** Brings the number of workers into a range; fulfilled when it is there. If one does not start, all stays as it was. */
  async scale(range) {
    if (range.min < range.max) askForFigures();
    const pool = this.#pool;
    const ending = await this.#inTurn(async () => {
      let followed = this.#scaler?.bounds;
      this.follow(undefined);
      try {
        const size = Math.min(Math.max(pool.size, range.min), range.max);
        if (size > pool.size) await pool.grow(size);
        followed = range;
        return pool.shrink(size);
      } finally {
        this.follow(followed);
      }
    });
    await promises.all(ending);
  }

  /** Does something when all changes before it are done. */
  async #inTurn(change) {
    const before = this.#changes;
    let done;
    this.#changes = new Promise((resolve) => (done = resolve));
    this.#pending++;
    try {
      await before;
      return await change();
    } finally {
      this.#pending--;
      done();
    }
  }

  /** Has the number of workers follow the load in this range, and in no other. */
  follow(range) {
    this.stop();
    this.#scaler = undefined;
    if (range === undefined || range.min === range.max || this.#pool.isStopping) return;
    const { Scaler } = require('./scaler.js');
    this.#scaler = new Scaler(
      this.#native,
      { ...this.#options, ...range },
      {
        read: () =>
          this.#isSettled() ? { size: this.#pool.size, members: this.#pool.members(this.#pool.inService) } : undefined,
        scale: (size, reason) => this.#scaleByLoad(size, reason),
        hold: (size, reason) => !this.#pool.isStopping && this.#on.event('notScaled', size, reason),
      },
    );
  }

  #isSettled() {
    return this.#pending === 0 && this.#on.isSettled();
  }

  /** Puts spares into new places at once; forks others for those that are left. */
  #scaleByLoad(size, reason) {
    const [pool, scaler] = [this.#pool, this.#scaler];
    const scaled = (from, to) => this.#on.event('scaled', from, to, reason);
    return this.#inTurn(async () => {
      if (this.#scaler !== scaler || pool.isStopping) return;
      const from = pool.size;
      if (size < from) {
        pool.shrink(size);
        return scaled(from, size);
      }
      try {
        for (const spare of arrays.slice(pool.spares, 0, size - from)) pool.promote(spare, pool.newPlace());
        const ready = pool.size;
        if (ready > from) scaled(from, ready);
        if (ready === size) return;
        await pool.grow(size);
        scaled(ready, size);
      } finally {
        pool.fillSparesInTurn();
      }
    });
  }

  /** Has the number of workers stay as it is, for good. */
  stop() {
    this.#scaler?.stop();
  }
}

module.exports = { Resizing };
