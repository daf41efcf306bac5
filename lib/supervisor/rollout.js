'use strict';

// How all workers are replaced: a few at a time, and by new ones that are ready, or in their own places.

const { clearTimeout, setTimeout } = require('node:timers');
const { Boolean, Object, arrays, promises } = require('../primordials.js');
const errors = require('../errors.js');

class Rollout {
  #native;
  #pool;
  #options;
  #on;
  #closing; // the timer for listeners that nobody uses any more

  /**
   * @param {object} native the addon's `Primary`
   * @param {import('./pool.js').Pool} pool
   * @param {object} options of the supervisor
   * @param {object} on
   * @param {(event: string, ...about: any[]) => void} on.event called with an event of the supervisor
   * @param {() => Promise<void>} on.settled gives what is fulfilled when the number of places does not change
   */
  constructor(native, pool, options, on) {
    this.#native = native;
    this.#pool = pool;
    this.#options = options;
    this.#on = on;
  }

  /** Puts new members into some places, and then ends the old ones. If one of the new ones fails, the old ones stay. */
  async replace(places) {
    const pool = this.#pool;
    if (pool.isStopping) throw errors.isStopping();
    const members = arrays.map(places, ({ number }) => pool.fork(number));
    const old = [];
    await pool.join(members, () => {
      for (let i = 0; i < places.length; i++) {
        const [place, member] = [places[i], members[i]];
        const isGone = !pool.has(place); // There are to be fewer now.
        arrays.push(old, isGone ? member : place.member);
        if (!isGone) pool.occupy(place, member);
      }
    });
    await promises.all(arrays.map(arrays.filter(old, Boolean), (member) => pool.end(member)));
  }

  async reload() {
    const pool = this.#pool;
    await this.#on.settled(); // Who is about to get a place may have the old program.
    await pool.endSpares(); // They have the old program.
    try {
      await this.#inSteps('reload', (places) => this.replace(places));
      pool.beginAnew();
    } catch (error) {
      if (pool.isStopping) throw errors.isStopping();
      const failed = errors.reloadFailed(error.message);
      this.#on.event('reloadFailed', failed);
      throw failed;
    } finally {
      pool.fillSpares();
    }
    this.closeUnused();
    this.#on.event('reloaded');
  }

  async restart() {
    const pool = this.#pool;
    await this.#on.settled();
    await pool.endSpares();
    try {
      await this.#inSteps('restart', async (places) => {
        const old = pool.members(places);
        for (const place of places) Object.assign(place, { member: undefined, isReserved: true });
        await promises.all(arrays.map(old, (member) => pool.end(member)));
        if (pool.isStopping) throw errors.isStopping();
        const left = arrays.filter(places, (place) => pool.has(place));
        for (const place of left) place.isReserved = false;
        pool.fill(left);
        await promises.all(arrays.map(left, ({ member }) => member.started));
      });
      pool.beginAnew();
    } finally {
      pool.fillSpares();
    }
  }

  async #inSteps(event, act) {
    const { places } = this.#pool;
    const { step } = this.#options;
    for (let done = 0; done < places.length; done += step) {
      if (this.#pool.isStopping) throw errors.isStopping();
      this.#on.event(event, done, places.length);
      const next = arrays.slice(places, done, done + step);
      await act(arrays.filter(next, (place) => this.#pool.has(place)));
    }
    this.#on.event(event, places.length, places.length);
  }

  /**
   * Closes in a while what only the program before listened on: nobody would ever answer there. The new one has time to
   * open all that it listens on.
   */
  closeUnused() {
    this.keepUnused();
    const close = () => {
      if (this.#pool.inService.length < this.#pool.size) return;
      this.#native.keepListeners(false);
      this.#native.keepListeners(true);
    };
    this.#closing = setTimeout(close, this.#options.startTimeout).unref();
  }

  /** Leaves open what was to be closed. */
  keepUnused() {
    clearTimeout(this.#closing);
  }
}

module.exports = { Rollout };
