'use strict';

// Locks on a server: leases, which are renewed for as long as this process lives and reaches the server.

const { randomUUID } = require('node:crypto');
const { Map, Math, Number, Promise, clearTimeout, setTimeout } = require('../primordials.js');
const { LONGEST_DELAY, now } = require('../clock.js');
const errors = require('../errors.js');

// How long a lease is, how often it is renewed, and how long before its end it is taken for lost, so that who has it can stop
// while nobody else has it, in milliseconds.
const LEASE = 10_000;
const RENEW_EVERY = 2500;
const MARGIN = 2000;

// How often somebody who waits asks again, unless told earlier that the lock is free; for how long they are in the line
// without asking; when something is tried again that the server has not answered, in milliseconds.
const ASK_EVERY = 1000;
const PATIENCE = 5000;
const RETRY = 250;

class Locks {
  #server;
  #held = new Map(); // by fence
  #waiting = new Map(); // { channel, isOver, wake } by number
  #isClosed = false;

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
    const key = `${this.#server.prefix}lock:{${name}}`;
    const lock = {
      keys: [key, `${key}:waiting`, `${key}:alive`, `${this.#server.prefix}fence`],
      channel: this.#server.channelOf('lock', name),
      token: randomUUID(),
      isLease: ttl === 0,
      length: ttl || LEASE,
    };
    const waiter = { channel: lock.channel, isOver: false };
    this.#waiting.set(number, waiter);
    let isOnServer = true; // as who has it, or in the line
    try {
      const isMine = (await this.#ask(lock, wait)) || (wait !== 0 && (await this.#wait(lock, wait, waiter)));
      if (isMine && !waiter.isOver) return this.#hold(lock);
      if (this.#isClosed) throw errors.connectionClosed();
      isOnServer = isMine || wait !== 0;
      return null;
    } finally {
      this.#waiting.delete(number);
      if (isOnServer && this.#held.get(lock.fence) !== lock) this.#giveBack(lock).catch(() => {});
    }
  }

  /** Whether it is this process's. */
  async #ask(lock, wait) {
    lock.until = now() + lock.length;
    const given = [lock.token, `${lock.length}`, wait === 0 ? '' : `${PATIENCE}`];
    lock.fence = Number(await this.#server.run('lock', lock.keys, given));
    // Of a server that has lost its last one, and whose clock has been set back.
    if (!this.#held.has(lock.fence)) return lock.fence > 0;
    await this.#giveBack(lock);
    return this.#ask(lock, wait);
  }

  async #wait(lock, wait, waiter) {
    const { channels } = this.#server;
    const end = wait === null ? Infinity : now() + wait;
    try {
      if (!waiter.isOver) await channels.open(lock.channel, waiter, () => this.#free(lock.channel));
      while (!waiter.isOver && now() < end) {
        if (await this.#ask(lock, wait)) return true;
        await this.#rest(waiter, end);
      }
      return false;
    } finally {
      channels.close(lock.channel, waiter).catch(() => {});
    }
  }

  /** Waits until it is worth asking again. */
  #rest(waiter, end) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, Math.min(ASK_EVERY, end - now())));
      waiter.wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (waiter.isOver) waiter.wake();
    });
  }

  /** Called when a lock is free. */
  #free(channel) {
    this.#waiting.forEach((waiter) => waiter.channel === channel && waiter.wake?.());
  }

  /** Does not wait any more. */
  forget(number) {
    const waiter = this.#waiting.get(number);
    if (!waiter) return;
    waiter.isOver = true;
    waiter.wake?.();
  }

  /** Gives a lock back; whether this process still had it. May be called again where the server could not be asked. */
  async unlock(fence) {
    const lock = this.#held.get(fence);
    if (!lock) return false;
    this.#stop(lock);
    try {
      const had = await this.#giveBack(lock);
      this.#held.delete(fence);
      return had;
    } catch (error) {
      this.#guard(lock);
      throw error;
    }
  }

  /** Leaves the line, or lets the next have it, however often that has to be tried. Whether it was this process's. */
  async #giveBack(lock) {
    clearTimeout(lock.again);
    try {
      const had = (await this.#server.run('unlock', lock.keys, [lock.token, lock.channel])) === 1;
      return (lock.had ||= had); // An earlier try may have been done.
    } catch (error) {
      // By then it has ended by itself.
      if (!this.#isClosed && now() < lock.until + PATIENCE) {
        lock.again = setTimeout(() => this.#giveBack(lock).catch(() => {}), RETRY).unref();
      }
      throw error;
    }
  }

  #hold(lock) {
    this.#held.set(lock.fence, lock);
    lock.had = false;
    this.#guard(lock);
    if (lock.isLease) this.#renewIn(lock, RENEW_EVERY);
    return lock.fence;
  }

  #stop(lock) {
    lock.isStopped = true;
    clearTimeout(lock.end);
    clearTimeout(lock.renewal);
  }

  /** Tells in time that a lock is lost, whatever else is waited for. */
  #guard(lock) {
    const left = () => lock.until - now() - (lock.isLease ? MARGIN : 0);
    const act = () => (left() > 0 ? this.#guard(lock) : this.#lose(lock));
    clearTimeout(lock.end);
    lock.end = setTimeout(act, Math.max(1, Math.min(left(), LONGEST_DELAY))).unref();
  }

  #lose(lock) {
    this.#stop(lock);
    this.#held.delete(lock.fence);
    this.#server.expired(lock.fence);
    // A renewal may still be on its way.
    if (lock.isLease) lock.again = setTimeout(() => this.#giveBack(lock).catch(() => {}), MARGIN).unref();
  }

  #renewIn(lock, time) {
    lock.renewal = setTimeout(() => this.#renew(lock), time).unref();
  }

  async #renew(lock) {
    const since = now();
    try {
      const isThere = await this.#server.run('renew', [lock.keys[0]], [lock.token, `${LEASE}`]);
      if (lock.isStopped) return;
      if (isThere !== 1) return this.#lose(lock);
      lock.until = since + LEASE;
      this.#guard(lock);
      this.#renewIn(lock, RENEW_EVERY);
    } catch {
      if (!lock.isStopped) this.#renewIn(lock, RETRY);
    }
  }

  /** Leaves all of them to their end. */
  close() {
    this.#isClosed = true;
    this.#held.forEach((lock) => this.#stop(lock));
    this.#held = new Map();
    this.#waiting.forEach((waiter, number) => this.forget(number));
  }
}

module.exports = { Locks };
