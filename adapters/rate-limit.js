'use strict';

// A store for express-rate-limit: all workers count together.

const cluster = require('../index.js');

/** See `rate-limit.d.ts`. */
class RateLimitStore {
  #store;
  #windowMs = 60_000;

  // For express-rate-limit, which looks whether a request is counted twice.
  localKeys = false;
  prefix;

  constructor({ store = cluster.store('rate-limit'), prefix = '' } = {}) {
    this.#store = store;
    this.prefix = prefix;
  }

  init({ windowMs }) {
    this.#windowMs = windowMs;
  }

  #key(key) {
    return `${this.prefix}${key}`;
  }

  #info(totalHits, left = this.#windowMs) {
    return { totalHits, resetTime: new Date(Date.now() + Math.min(left, this.#windowMs)) };
  }

  async get(key) {
    const own = this.#key(key);
    const [hits, left] = await Promise.all([this.#store.get(own), this.#store.ttl(own)]);
    return hits === undefined ? undefined : this.#info(hits, left);
  }

  async increment(key) {
    const own = this.#key(key);
    const [hits, left] = await Promise.all([
      this.#store.incr(own, 1, { ttl: this.#windowMs }),
      this.#store.ttl(own), // In the same frame.
    ]);
    return this.#info(hits, left);
  }

  async decrement(key) {
    const own = this.#key(key);
    for (;;) {
      const [hits, left] = await Promise.all([this.#store.get(own), this.#store.ttl(own)]);
      if (!(hits > 0 && left > 0)) return;
      // Another may have come in between.
      if (await this.#store.compareAndSet(own, hits, hits - 1, { ttl: left })) return;
    }
  }

  async resetKey(key) {
    await this.#store.delete(this.#key(key));
  }

  async resetAll() {
    if (this.prefix === '') return this.#store.clear();
    for (const key of await this.#store.keys(this.prefix)) await this.#store.delete(key);
  }
}

module.exports = { RateLimitStore };
