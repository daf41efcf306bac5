'use strict';

// Work that one process of a cluster does at a time.

const { AbortController, Promise, Set, clearTimeout, nextTick, promises, setTimeout } = require('../primordials.js');
const errors = require('../errors.js');
const { finishing } = require('./finishing.js');
const { toName } = require('./values.js');

// For how long a process whose work has failed lets others do it, in milliseconds.
const REST = 1000;

const leads = new Set(); // of this process

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
   * @param {(name: string, options: object) => Promise<import('./lock.js').Lock>} lock
   */
  constructor(name, work, lock) {
    toName('name', name);
    if (typeof work !== 'function') throw errors.invalidArgument('work', 'of type function', work);
    this.#name = name;
    this.#work = work;
    this.#lock = lock;
    this.#running = this.#run();
    leads.add(this);
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

  async #run() {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#lead(await this.#lock(this.#name, { signal }));
      } catch (error) {
        if (isAbort(error, signal) || error?.code === 'ERR_CLUSTER_RS_KEEPER_GONE') break;
        nextTick(() => {
          throw error;
        });
        await this.#rest();
      }
    }
    leads.delete(this);
  }

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
    } catch (error) {
      if (!isAbort(error, turn.signal)) throw error;
    } finally {
      end();
      this.#stopping.signal.removeEventListener('abort', end);
      this.#fence = undefined;
      await lock.release();
      finishing.delete(this);
    }
  }

  #rest() {
    const { signal } = this.#stopping;
    const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve));
    let timer;
    const rested = new Promise((resolve) => (timer = setTimeout(resolve, REST)));
    return promises.then(promises.race([rested, stopped]), () => clearTimeout(timer));
  }
}

/** Whether this is how something ends that is told to stop. */
function isAbort(error, signal) {
  return signal.aborted && error?.name === 'AbortError';
}

/** Has all work of this process stop: it is about to end. */
function stopAll() {
  for (const lead of leads) lead.stop();
}

module.exports = { Lead, stopAll };
