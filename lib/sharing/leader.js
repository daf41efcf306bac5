'use strict';

// Work that one process of a cluster does at a time.

const { AbortController, Promise, arrays, clearTimeout, promises, setTimeout } = require('../primordials.js');
const errors = require('../errors.js');
const { finishing } = require('./finishing.js');
const { throwLater } = require('./later.js');
const { toName } = require('./values.js');

// For how long a process whose work has failed lets others do it, in milliseconds.
const REST = 1000;

/** What this process has said that it would do. Made by `cluster.lead`. */
class Lead {
  #lock;
  #work;
  #name;
  #stopping = new AbortController(); // Nothing begins from then on, and what has begun is to stop.
  #running;
  #fence; // while it is this process that does it

  /**
   * @param {string} name
   * @param {(signal: AbortSignal, fence: number) => any} work
   * @param {Set<Lead>} leads where it is as long as it is not stopped
   * @param {(name: string, options: object) => Promise<import('./lock.js').Lock>} lock
   */
  constructor(name, work, leads, lock) {
    toName('name', name);
    if (typeof work !== 'function') throw errors.invalidArgument('work', 'of type function', work);
    this.#name = name;
    this.#work = work;
    this.#lock = lock;
    leads.add(this);
    this.#running = this.#run(() => leads.delete(this));
  }

  /** Whether it is this process that does it. */
  get isLeader() {
    return this.#fence !== undefined;
  }

  /** The number of this turn, larger than that of each before it; `undefined` while others have theirs. */
  get fence() {
    return this.#fence;
  }

  /** Has the work stop, and then another process do it. Fulfilled when it has stopped. */
  async stop() {
    if (this.isLeader) finishing.add(this);
    this.#stopping.abort();
    await this.#running;
  }

  async #run(ended) {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const lock = await this.#turn();
      if (lock === null) break;
      if (lock === undefined) await this.#rest();
      else if (!(await this.#lead(lock))) await this.#rest();
    }
    ended();
  }

  /** The lock, when it is this process's turn; `null` if that never comes, `undefined` if nobody can be asked now. */
  async #turn() {
    const { signal } = this.#stopping;
    try {
      return await this.#lock(this.#name, { signal });
    } catch (error) {
      if (error?.code === 'ERR_CLUSTER_RS_REDIS_AWAY') return undefined;
      if (!signal.aborted && error?.code !== 'ERR_CLUSTER_RS_KEEPER_GONE') throwLater(error);
      return null;
    }
  }

  /** Does the work until it is to stop; whether it has not failed. */
  async #lead(lock) {
    const turn = new AbortController();
    const end = () => turn.abort();
    const over = new Promise((resolve) => turn.signal.addEventListener('abort', resolve));
    this.#stopping.signal.addEventListener('abort', end);
    lock.signal.addEventListener('abort', end);
    if (this.#stopping.signal.aborted || lock.signal.aborted) end();
    this.#fence = lock.fence;
    try {
      if (!turn.signal.aborted) await this.#work(turn.signal, lock.fence);
      await over; // Whoever has only begun something still leads.
      return true;
    } catch (error) {
      if (isAbort(error, turn.signal)) return true;
      throwLater(error);
      return false;
    } finally {
      end();
      this.#stopping.signal.removeEventListener('abort', end);
      this.#fence = undefined;
      await promises.then(lock.release(), undefined, () => {}); // It ends by itself where nobody can be asked.
      finishing.delete(this);
    }
  }

  #rest() {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      const timer = setTimeout(end, REST);
      function end() {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      }
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }
}

/** Whether this is how something ends that is told to stop. */
function isAbort(error, signal) {
  return signal.aborted && error?.name === 'AbortError';
}

/** Has all of this work stop. Fulfilled when it has. */
function stopAll(leads) {
  return promises.all(arrays.map([...leads], (lead) => lead.stop()));
}

module.exports = { Lead, stopAll };
