'use strict';

// Locks on a server: leases, which are renewed for as long as this process lives and reaches the server.

const { randomUUID } = require('node:crypto');
const { Map, Math, Number, Promise, clearTimeout, setTimeout } = require('../primordials.js');
const { now } = require('../clock.js');

// How long a lease is, how often it is renewed, and how long before its end it is taken for lost, so that who has it can stop
// while nobody else has it, in milliseconds.
const LEASE = 10_000;
const RENEW_EVERY = 2500;
const MARGIN = 2000;

// How often somebody who waits asks again, unless told earlier that the lock is free; for how long they are in the line
// without asking, in milliseconds.
const ASK_EVERY = 1000;
const PATIENCE = 5000;

class Locks {
  #server;
  #held = new Map(); // { token, keys, timer } by fence
  #waiting = new Map(); // { wake, end } by number

  /** @param {object} server what is needed of a `RedisKeeper` */
  constructor(server) {
    this.#server = server;
  }

  /**
   * @param {number} number of the request
   * @param {string} name
   * @param {number} ttl for how long it may be held, 0 until it is released
   * @param {number | null} wait for how long to wait for it; `null` for as long as it takes
   * @returns {Promise<number | null>} the fence
   */
  async lock(number, name, ttl, wait) {
    const { prefix, run, subscribe } = this.#server;
    const lock = `${prefix}lock:{${name}}`;
    const keys = [lock, `${lock}:waiting`, `${lock}:alive`, `${lock}:fence`];
    const token = randomUUID();
    const length = ttl || LEASE;
    const until = wait === null ? Infinity : now() + wait;
    const ask = async () => {
      const since = now();
      const fence = Number(await run('lock', keys, [token, `${length}`, wait === 0 ? '' : `${PATIENCE}`]));
      return fence > 0 && this.#hold({ fence, keys, token, isLease: ttl === 0, until: since + length });
    };
    let fence = await ask();
    if (fence || wait === 0) return fence || null;
    const waiter = { isOver: false, channel: `${lock}:free` };
    this.#waiting.set(number, waiter);
    try {
      await subscribe(waiter.channel);
      while (!fence && !waiter.isOver && now() < until) {
        fence = await ask();
        if (!fence) await this.#rest(waiter, until);
      }
      return fence || null;
    } finally {
      this.#waiting.delete(number);
      this.#server.unsubscribe(waiter.channel).catch(() => {});
      if (!fence)
        this.#giveBack(keys, token).catch(() => {}); // It ends by itself.
      else if (waiter.isOver) this.unlock(fence).catch(() => {});
    }
  }

  /** Waits until it is worth asking again. */
  #rest(waiter, until) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, Math.min(ASK_EVERY, until - now())));
      waiter.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (waiter.isOver) waiter.wake();
    });
  }

  /** Called when a lock is free. */
  free(channel) {
    this.#waiting.forEach((waiter) => waiter.channel === channel && waiter.wake?.());
  }

  /** Does not wait any more. */
  forget(number) {
    const waiter = this.#waiting.get(number);
    if (!waiter) return;
    waiter.isOver = true;
    waiter.wake?.();
  }

  /** Gives a lock back; whether this process still had it. */
  async unlock(fence) {
    const held = this.#held.get(fence);
    if (!held) return false;
    this.#held.delete(fence);
    clearTimeout(held.timer);
    return (await this.#giveBack(held.keys, held.token)) === 1;
  }

  async #giveBack(keys, token) {
    return this.#server.run('unlock', keys, [token, `${keys[0]}:free`]);
  }

  #hold(held) {
    this.#held.set(held.fence, held);
    this.#keep(held);
    return held.fence;
  }

  /** Renews a lease in time, or tells that a lock is lost. */
  #keep(held) {
    const left = held.until - now() - (held.isLease ? MARGIN : 0);
    if (left <= 0) {
      this.#held.delete(held.fence);
      this.#server.expired(held.fence);
      return;
    }
    const time = held.isLease ? Math.min(RENEW_EVERY, left) : left;
    held.timer = setTimeout(() => this.#renew(held), Math.min(time, 2 ** 31 - 1));
    held.timer.unref();
  }

  async #renew(held) {
    if (held.isLease) {
      const since = now();
      try {
        const [lock] = held.keys;
        const isThere = await this.#server.run('renew', [lock], [held.token, `${LEASE}`]);
        held.until = isThere === 1 ? since + LEASE : 0;
      } catch {
        // It is tried again until it is too late.
      }
    }
    if (this.#held.get(held.fence) === held) this.#keep(held);
  }

  /** Leaves all of them to their end. */
  close() {
    this.#held.forEach(({ timer }) => clearTimeout(timer));
    this.#held = new Map();
    this.#waiting.forEach((waiter, number) => this.forget(number));
  }
}

module.exports = { Locks };
