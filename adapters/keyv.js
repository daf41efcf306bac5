'use strict';

// A storage adapter for Keyv: all workers have the same entries.

const EventEmitter = require('node:events');
const cluster = require('../index.js');

/** See `keyv.d.ts`. */
class KeyvStore extends EventEmitter {
  #store;
  namespace;
  opts = { dialect: 'redis' }; // Only dialects that Keyv knows get its iterator.

  constructor({ store = cluster.store('keyv') } = {}) {
    super();
    this.#store = store;
  }

  /** What the keys of a namespace begin with: Keyv has put it there. */
  #prefix(namespace = this.namespace) {
    return namespace === undefined ? '' : `${namespace}:`;
  }

  get(key) {
    return this.#store.get(key);
  }

  getMany(keys) {
    return this.#store.getMany(keys);
  }

  set(key, value, ttl) {
    return this.#store.set(key, value, { ttl: ttl > 0 ? ttl : Infinity });
  }

  async setMany(entries) {
    await Promise.all(entries.map(({ key, value, ttl }) => this.set(key, value, ttl)));
  }

  delete(key) {
    return this.#store.delete(key);
  }

  async deleteMany(keys) {
    const deleted = await Promise.all(keys.map((key) => this.#store.delete(key)));
    return deleted.includes(true);
  }

  has(key) {
    return this.#store.has(key);
  }

  hasMany(keys) {
    return Promise.all(keys.map((key) => this.#store.has(key)));
  }

  async clear() {
    const prefix = this.#prefix();
    if (prefix === '') return this.#store.clear();
    await this.deleteMany(await this.#store.keys(prefix));
  }

  async *iterator(namespace) {
    const prefix = this.#prefix(namespace);
    for (const key of await this.#store.keys(prefix)) {
      const value = await this.#store.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  async disconnect() {}
}

module.exports = { KeyvStore };
