'use strict';

// A store: entries that all processes of a cluster see, as one of them sees them.

const { Array, JSON, Math, Object, arrays, isInteger, promises } = require('../primordials.js');
const errors = require('../errors.js');
const { checkOptions, decode, toName, toText, toTime } = require('./values.js');
const { Watch } = require('./watch.js');

// What a store of which nobody has said it may hold, in bytes.
const MAX_BYTES = 64 * 1024 * 1024;

// What is more is no bound.
const MOST = 2 ** 52;

const OPTIONS = ['full', 'maxBytes', 'maxEntries', 'ttl'];
const FULL = ['evict', 'refuse'];

/** The bounds that options say, as JSON; `null` for none. */
function toBounds(options) {
  if (options === undefined) return 'null';
  const { full = 'evict', maxBytes = MAX_BYTES, maxEntries, ttl } = checkOptions(options);
  for (const name of Object.keys(options)) {
    if (!arrays.includes(OPTIONS, name)) throw errors.unknownProperty(`options.${name}`, OPTIONS);
  }
  for (const [name, value] of [
    ['maxBytes', maxBytes],
    ['maxEntries', maxEntries],
  ]) {
    if (value === undefined) continue;
    if (typeof value !== 'number') throw errors.invalidOption(`options.${name}`, 'of type number', value);
    if (!(isInteger(value) && value > 0)) throw errors.outOfRange(`options.${name}`, 'a whole number > 0', value);
  }
  if (!arrays.includes(FULL, full)) throw errors.notOneOf('options.full', FULL, full);
  return JSON.stringify({
    __proto__: null,
    maxEntries: maxEntries && Math.min(maxEntries, MOST),
    maxBytes: Math.min(maxBytes, MOST),
    ttl: toTime('options.ttl', ttl, 0),
    evicts: full === 'evict',
  });
}

const toNothing = () => undefined;
const toResult = (reply) => reply[1];
const toTimeLeft = ([, left]) => (left < 0 ? Infinity : left);

class Store {
  #keeper;
  #watches;
  #warn;
  #serialization;
  #bounds;

  /**
   * @param {string} name
   * @param {object} options see `StoreOptions` in `index.d.ts`
   * @param {object} process what this process has of it
   * @param {import('./keeper.js').Keeper} process.keeper
   * @param {Map<number, Watch>} process.watches by number
   * @param {(count: number) => void} process.warn of changes that are lost
   * @param {Function} process.serialization one of {@link serializations}
   */
  constructor(name, options, { keeper, watches, warn, serialization }) {
    toName('name', name);
    this.name = name;
    this.#keeper = keeper;
    this.#watches = watches;
    this.#warn = warn;
    this.#serialization = serialization;
    this.#bounds = toBounds(options);
    try {
      this.#number(); // The first way to the keeper goes through the primary's JavaScript: now rather than later.
    } catch {
      // The next call tries again, and says so.
    }
  }

  /** Has other bounds, if options say some. */
  setOptions(options) {
    const bounds = toBounds(options);
    if (bounds === 'null' || bounds === this.#bounds) return;
    this.#bounds = bounds;
    this.#keeper.reopen(this.name, bounds);
    this.#number();
  }

  async get(key) {
    return this.#ask('get', toName('key', key), (reply) => (reply.length === 1 ? undefined : decode(reply[1])));
  }

  async getMany(keys) {
    if (!Array.isArray(keys)) throw errors.invalidArgument('keys', 'an instance of Array', keys);
    const names = arrays.map([...keys], (key, at) => toName(`keys[${at}]`, key));
    return this.#ask('getMany', `[${arrays.join(names, ',')}]`, ([, found]) =>
      arrays.map(found, (value) => (value.length === 0 ? undefined : decode(value[0]))),
    );
  }

  async has(key) {
    return this.#ask('has', toName('key', key), toResult);
  }

  async ttl(key) {
    return this.#ask('ttl', toName('key', key), (reply) => (reply.length === 1 ? undefined : toTimeLeft(reply)));
  }

  async set(key, value, options) {
    return this.#ask('set', this.#entry(key, value, options), toNothing);
  }

  async add(key, value, options) {
    return this.#ask('add', this.#entry(key, value, options), toResult);
  }

  async incr(key, by = 1, options) {
    if (typeof by !== 'number') throw errors.invalidArgument('by', 'of type number', by);
    if (!(isInteger(by) && by >= -(2 ** 53) && by <= 2 ** 53)) throw errors.outOfRange('by', 'a safe integer', by);
    return this.#ask('incr', `${toName('key', key)},${by || 0},${timeOf(options)}`, toResult);
  }

  async compareAndSet(key, expected, value, options) {
    const text = (name, of) => (of === undefined ? '[]' : `[${toText(this.#serialization, name, of)}]`);
    const values = `${text('expected', expected)},${text('value', value)}`;
    return this.#ask('compareAndSet', `${toName('key', key)},${values},${timeOf(options)}`, toResult);
  }

  async touch(key, options) {
    return this.#ask('touch', `${toName('key', key)},${timeOf(options)}`, toResult);
  }

  async delete(key) {
    return this.#ask('delete', toName('key', key), toResult);
  }

  async size() {
    return this.#ask('size', '', toResult);
  }

  async clear() {
    return this.#ask('clear', '', toNothing);
  }

  async keys(prefix = '') {
    return this.#ask('keys', toName('prefix', prefix), toResult);
  }

  watch(prefix = '') {
    const text = toName('prefix', prefix);
    let number;
    let isClosed = false;
    const end = () => {
      if (this.#watches.delete(number)) this.#keeper.tell(`{"unwatch":${number}}`);
    };
    const close = () => {
      isClosed = true;
      this.#keeper.release();
      end();
    };
    const watch = new Watch(close, this.#warn);
    this.#keeper.hold();
    watch.ready = this.#ask('watch', text, (reply) => {
      number = reply[1];
      this.#watches.set(number, watch);
      if (isClosed) end();
    });
    promises.then(watch.ready, undefined, (error) => watch.fail(error));
    return watch;
  }

  #entry(key, value, options) {
    return `${toName('key', key)},${toText(this.#serialization, 'value', value)},${timeOf(options)}`;
  }

  #number() {
    return this.#keeper.numberOf(this.name, this.#bounds);
  }

  #ask(name, about, read) {
    const number = this.#number();
    return this.#keeper.ask(`{"${name}":${about === '' ? number : `[${number},${about}]`}}`, read);
  }
}

/** How long an entry is to live, as JSON; `null` as its store says. */
function timeOf(options) {
  return options === undefined ? 'null' : toTime('options.ttl', checkOptions(options).ttl, 'null');
}

module.exports = { Store };
