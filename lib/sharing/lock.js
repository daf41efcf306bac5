'use strict';

// A lock: one process has it at a time.

const { AbortController, Map, Symbol } = require('../primordials.js');
const errors = require('../errors.js');
const { checkOptions, toName, toTime } = require('./values.js');

const { asyncDispose } = Symbol;

const toResult = (reply) => reply[1];

/** One that this process has, until it is released or its time is over. Made by {@link Locks.lock}. */
class Lock {
  #controller = new AbortController();
  #release;

  /** @param {string} name @param {number} fence @param {() => Promise<boolean>} release */
  constructor(name, fence, release) {
    this.name = name;
    this.fence = fence;
    this.#release = release;
  }

  /** Aborted when the lock is not this process's any more, although it has not released it. */
  get signal() {
    return this.#controller.signal;
  }

  /** Lets the next have it; whether this process still had it. */
  async release() {
    return this.#release();
  }

  /** Called when it is lost. */
  lose(error) {
    this.#controller.abort(error);
  }

  async [asyncDispose]() {
    await this.release();
  }
}

/** The locks of this process. */
class Locks {
  #keeper;
  #held = new Map(); // by fence

  /** @param {import('./keeper.js').Keeper} keeper */
  constructor(keeper) {
    this.#keeper = keeper;
  }

  /** See `cluster.lock` in `index.d.ts`. */
  async lock(name, options = {}) {
    const { signal, ttl, wait } = checkOptions(options);
    if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
      throw errors.invalidOption('options.signal', 'an instance of AbortSignal', signal);
    }
    const text = toName('name', name);
    const holdFor = toTime('options.ttl', ttl, 0);
    const waitFor = wait === 0 ? 0 : toTime('options.wait', wait, 0) || null;
    signal?.throwIfAborted();
    // It is held from when that is read: what follows may say that it has expired already.
    const read = ([, fence]) => (fence === null ? null : this.#hold(name, text, fence));
    const lock = await this.#wait(`{"lock":[${text},${holdFor},${waitFor}]}`, read, signal);
    if (lock === null) {
      signal?.throwIfAborted();
      throw errors.isLocked(name, wait);
    }
    return lock;
  }

  async #wait(request, read, signal) {
    let forget;
    try {
      return await this.#keeper.ask(request, read, (number) => {
        forget = () => this.#keeper.tell(`{"forget":${number}}`);
        signal?.addEventListener('abort', forget);
      });
    } finally {
      signal?.removeEventListener('abort', forget);
    }
  }

  #hold(name, text, fence) {
    const lock = new Lock(name, fence, async () => {
      if (!this.#held.delete(fence)) return false;
      try {
        return await this.#keeper.ask(`{"unlock":[${text},${fence}]}`, toResult);
      } catch (error) {
        if (error.code === 'ERR_CLUSTER_RS_REDIS_AWAY') this.#held.set(fence, lock); // To be tried again.
        throw error;
      }
    });
    this.#held.set(fence, lock);
    return lock;
  }

  /** Called when the time of a lock is over. */
  expired(fence) {
    const lock = this.#held.get(fence);
    this.#held.delete(fence);
    lock?.lose(errors.lockLost(lock.name));
  }

  /** Called when nobody keeps them any more. */
  loseAll(error) {
    const held = this.#held;
    this.#held = new Map();
    held.forEach((lock) => lock.lose(error));
  }
}

module.exports = { Locks };
