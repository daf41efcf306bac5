'use strict';

// What the processes of a cluster share, in the primary's JavaScript: does what `src/keeper` does, and says it in the same
// way, where there is no addon.

const {
  JSON,
  Map,
  Math,
  Object,
  Set,
  arrays,
  clearTimeout,
  isInteger,
  setTimeout,
  strings,
  constructors,
  dates,
} = require('../primordials.js');
const { LONGEST_DELAY, now } = require('../clock.js');
const { isOfStore, parse } = require('./requests.js');

// See `src/keeper/store.rs`, `state.rs` and `thread.rs`.
const OVERHEAD = 100;
const BOUNDS = { maxBytes: 64 * 1024 * 1024, ttl: 0, evicts: true };
const FENCES_PER_MILLISECOND = 1024;

// How long what has expired may stay before it is removed, in milliseconds: all entries are looked at then.
const SWEEP_EVERY = 1000;

class Refusal {
  constructor(name) {
    this.name = name;
  }
}

/** Entries, the one that has not been used for longest first. Values are JSON. */
class Store {
  watches = new Set();
  openings = 0; // how often it is open
  #bounds;
  #entries = new Map();
  #bytes = 0;
  #tell;

  /** @param {(type: string, key: string, value?: string) => void} tell called with each change */
  constructor(name, bounds, tell) {
    this.name = name;
    this.#bounds = bounds;
    this.#tell = tell;
  }

  setBounds(bounds) {
    this.#bounds = bounds;
    this.#makeRoom(0, 0);
  }

  #found(key) {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.until > now()) return entry;
    this.#remove(key, 'expire');
    return undefined;
  }

  /** The value, which is used by this. */
  get(key) {
    const entry = this.#found(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  has(key) {
    return this.#found(key) !== undefined;
  }

  /** -1 for ever. */
  ttl(key) {
    const entry = this.#found(key);
    return entry && (entry.until === Infinity ? -1 : Math.ceil(entry.until - now()));
  }

  set(key, value, ttl) {
    this.#found(key);
    this.#put(key, value, this.#until(ttl));
  }

  add(key, value, ttl) {
    if (this.has(key)) return false;
    this.set(key, value, ttl);
    return true;
  }

  incr(key, by, ttl) {
    const entry = this.#found(key);
    const before = entry === undefined ? 0 : JSON.parse(entry.value);
    const sum = before + by;
    const isSafe = (number) => isInteger(number) && Math.max(number, -number) < 2 ** 53;
    if (!isSafe(before) || !isSafe(sum)) throw new Refusal('notNumber');
    this.#put(key, `${sum}`, entry?.until ?? this.#until(ttl));
    return sum;
  }

  compareAndSet(key, [expected], [value], ttl) {
    if (this.#found(key)?.value !== expected) return false;
    if (value === undefined) this.delete(key);
    else this.set(key, value, ttl);
    return true;
  }

  touch(key, ttl) {
    const entry = this.#found(key);
    if (entry === undefined) return false;
    entry.until = this.#until(ttl);
    this.get(key);
    return true;
  }

  delete(key) {
    const found = this.#found(key);
    if (found) this.#remove(key, 'delete');
    return found !== undefined;
  }

  size() {
    this.expire();
    return this.#entries.size;
  }

  clear() {
    for (const key of this.keys('')) this.#remove(key, 'delete');
  }

  keys(prefix) {
    this.expire();
    return arrays.filter([...this.#entries.keys()], (key) => strings.startsWith(key, prefix));
  }

  get isEmpty() {
    return this.#entries.size === 0;
  }

  /** Whether anything expires, ever. */
  get isExpiring() {
    for (const { until } of this.#entries.values()) {
      if (until < Infinity) return true;
    }
    return false;
  }

  expire() {
    for (const key of [...this.#entries.keys()]) this.#found(key);
  }

  #until(ttl) {
    const time = ttl ?? this.#bounds.ttl;
    return time === 0 ? Infinity : now() + time;
  }

  #put(key, value, until) {
    const before = this.#entries.get(key)?.value;
    const entries = before === undefined ? 1 : 0;
    const alone = sizeOf(key, value);
    const bytes = before === undefined ? alone : Math.max(0, size(value) - size(before));
    if (!this.#fits(entries, bytes)) {
      this.expire();
      if (alone > this.#bounds.maxBytes) throw new Refusal('full');
      if (this.#bounds.evicts) {
        this.get(key); // The last to go, if it is there.
        this.#makeRoom(entries, bytes);
      } else if (!this.#fits(entries, bytes)) throw new Refusal('full');
    }
    this.#bytes += alone - (before === undefined ? 0 : sizeOf(key, before));
    this.#entries.delete(key);
    this.#entries.set(key, { value, until });
    this.#tell('set', key, value);
  }

  #fits(entries, bytes) {
    const { maxBytes, maxEntries = Infinity } = this.#bounds;
    return this.#entries.size + entries <= maxEntries && this.#bytes + bytes <= maxBytes;
  }

  #makeRoom(entries, bytes) {
    for (const key of this.#entries.keys()) {
      if (this.#fits(entries, bytes)) return;
      this.#remove(key, 'evict');
    }
  }

  #remove(key, type) {
    this.#bytes -= sizeOf(key, this.#entries.get(key).value);
    this.#entries.delete(key);
    this.#tell(type, key);
  }
}

// As many units as bytes, as far as bounds go: most text is ASCII.
const size = (text) => text.length;
const sizeOf = (key, value) => size(key) + size(value) + OVERHEAD;

/** Locks, given in the order in which they were asked for. */
class Locks {
  #held = new Map(); // { caller, fence, timer, waiting } by name
  #lastFence = dates.getTime(new constructors.Date()) * FENCES_PER_MILLISECOND;

  lock(name, asked) {
    const lock = this.#held.get(name);
    if (!lock) {
      this.#held.set(name, { waiting: new Set() });
      this.#give(name, asked);
    } else if (asked.wait === 0) asked.reply(null);
    else {
      const giveUp = () => {
        lock.waiting.delete(asked);
        asked.reply(null);
      };
      asked.timer = asked.wait && after(asked.wait, giveUp);
      lock.waiting.add(asked);
    }
  }

  #give(name, asked) {
    clearTimeout(asked.timer);
    const fence = ++this.#lastFence;
    const { caller, ttl } = asked;
    const lose = () => {
      caller.tell([0, 'expired', fence]);
      this.#passOn(name);
    };
    Object.assign(this.#held.get(name), { caller, fence, timer: ttl && after(ttl, lose) });
    asked.reply(fence);
  }

  #passOn(name) {
    const { timer, waiting } = this.#held.get(name);
    clearTimeout(timer);
    for (const next of waiting) {
      waiting.delete(next);
      this.#give(name, next);
      return;
    }
    this.#held.delete(name);
  }

  unlock(name, caller, fence) {
    const lock = this.#held.get(name);
    if (lock?.caller !== caller || lock.fence !== fence) return false;
    this.#passOn(name);
    return true;
  }

  #forget(isMeant, isTold) {
    for (const { waiting } of this.#held.values()) {
      for (const asked of [...waiting]) {
        if (!isMeant(asked)) continue;
        clearTimeout(asked.timer);
        waiting.delete(asked);
        if (isTold) asked.reply(null);
      }
    }
  }

  forget(caller, number) {
    this.#forget((asked) => asked.caller === caller && asked.number === number, true);
  }

  /** A process does not wait any more. */
  forgetAll(caller) {
    this.#forget((asked) => asked.caller === caller, false);
  }

  leave(caller) {
    this.forgetAll(caller);
    for (const [name, lock] of [...this.#held]) {
      if (lock.caller === caller) this.#passOn(name);
    }
  }
}

/** Like `setTimeout`, and keeps nothing alive. */
function after(time, action) {
  return setTimeout(action, Math.min(time, LONGEST_DELAY)).unref();
}

/** What a process that asks has: its stores by its own numbers, and how it is told something. */
class Caller {
  stores = [];
  #say;

  /** @param {(text: string) => void} say */
  constructor(say) {
    this.#say = say;
  }

  /** @param {any[]} item whose values are JSON already, where they are `Raw` */
  tell(item) {
    this.#say(`[${toJson(item)}]`);
  }
}

/** JSON that goes into other JSON as it is. */
class Raw {
  constructor(text) {
    this.text = text;
  }
}

function toJson(item) {
  return `[${arrays.join(
    arrays.map(item, (part) => (part instanceof Raw ? part.text : JSON.stringify(part))),
    ',',
  )}]`;
}

const raw = (value) => (value === undefined ? [] : [new Raw(value)]);

class Keeper {
  #stores = new Map(); // by name
  #locks = new Locks();
  #topics = new Map(); // the callers, by topic
  #lastWatch = 0;
  #sweep;

  /** A process may ask from now on. */
  join(say) {
    return new Caller(say);
  }

  /** A process hears no more: what it waited for and listened to ends. What it holds, it may still work with. */
  hush(caller) {
    for (const { watches } of caller.stores) {
      for (const watch of [...watches]) if (watch.caller === caller) watches.delete(watch);
    }
    for (const [topic, callers] of [...this.#topics]) {
      callers.delete(caller);
      if (callers.size === 0) this.#topics.delete(topic);
    }
    this.#locks.forgetAll(caller);
  }

  /** A process has gone: what it held, watched and waited for ends. */
  leave(caller) {
    this.hush(caller);
    this.#locks.leave(caller);
    for (const store of caller.stores) store.openings--;
    this.#dropUnused(caller.stores);
    caller.stores = [];
  }

  /** Does what a process asks for, as the text of `Keeper.ask` has it; whether it is no nonsense. */
  handle(caller, text) {
    const requests = parse(text);
    if (requests === undefined) return false;
    for (const { number, name, about } of requests) {
      if (isOfStore(name) && caller.stores[about[0]] === undefined) return false;
      try {
        const reply = this.#act(caller, number, name, about);
        if (reply !== undefined) caller.tell([number, ...reply]);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        caller.tell([number, null, error.name]);
      }
    }
    this.#sweepLater();
    return true;
  }

  /** What is answered; `undefined` if that comes later. */
  #act(caller, number, name, about) {
    switch (name) {
      case 'open':
        arrays.push(caller.stores, this.#open(...about));
        return [];
      case 'bound':
        caller.stores[about[0]].setBounds(about[1]);
        return [];
      case 'lock': {
        const [lock, ttl, wait] = about;
        const reply = (fence) => caller.tell([number, fence]);
        this.#locks.lock(lock, { caller, number, ttl, wait, reply });
        return undefined;
      }
      case 'unlock':
        return [this.#locks.unlock(about[0], caller, about[1])];
      case 'forget':
        this.#locks.forget(caller, about[0]);
        return [];
      case 'unwatch':
        for (const { watches } of caller.stores) {
          for (const watch of [...watches]) {
            if (watch.number === about[0] && watch.caller === caller) watches.delete(watch);
          }
        }
        return [];
      case 'publish': {
        const callers = [...(this.#topics.get(about[0]) ?? [])];
        for (const one of callers) one.tell([0, 'message', ...about]);
        return [callers.length];
      }
      case 'subscribe':
        if (!this.#topics.has(about[0])) this.#topics.set(about[0], new Set());
        this.#topics.get(about[0]).add(caller);
        return [];
      case 'unsubscribe':
        this.#topics.get(about[0])?.delete(caller);
        if (this.#topics.get(about[0])?.size === 0) this.#topics.delete(about[0]);
        return [];
      default:
        return this.#actOn(caller.stores[about[0]], caller, name, arrays.slice(about, 1));
    }
  }

  #open(name, bounds) {
    let store = this.#stores.get(name);
    if (!store) {
      const tell = (type, key, value) => {
        for (const { caller, number, prefix } of store.watches) {
          if (strings.startsWith(key, prefix)) caller.tell([0, 'change', number, type, key, ...raw(value)]);
        }
      };
      store = new Store(name, bounds ?? BOUNDS, tell);
      this.#stores.set(name, store);
    } else if (bounds) store.setBounds(bounds);
    store.openings++;
    return store;
  }

  /** Forgets those that are empty and that nobody has open. */
  #dropUnused(stores) {
    for (const store of stores) {
      if (store.openings === 0 && store.isEmpty) this.#stores.delete(store.name);
    }
  }

  #actOn(store, caller, name, [key, ...about]) {
    const text = (value) => JSON.stringify(value);
    const texts = (values) => arrays.map(values, text);
    switch (name) {
      case 'get':
        return raw(store.get(key));
      case 'getMany':
        return [
          new Raw(
            `[${arrays.join(
              arrays.map(key, (one) => `[${store.get(one) ?? ''}]`),
              ',',
            )}]`,
          ),
        ];
      case 'set':
      case 'add': {
        const done = store[name](key, text(about[0]), about[1]);
        return done === undefined ? [] : [done];
      }
      case 'compareAndSet':
        return [store.compareAndSet(key, texts(about[0]), texts(about[1]), about[2])];
      case 'watch':
        store.watches.add({ caller, number: ++this.#lastWatch, prefix: key });
        return [this.#lastWatch];
      default: {
        const result = store[name](key, ...about);
        return result === undefined ? [] : [result];
      }
    }
  }

  /** Removes what has expired, now and then; nobody sees it before. */
  #sweepLater() {
    if (this.#sweep) return;
    this.#sweep = setTimeout(() => {
      this.#sweep = undefined;
      for (const store of this.#stores.values()) store.expire();
      this.#dropUnused([...this.#stores.values()]);
      if (arrays.some([...this.#stores.values()], ({ isExpiring }) => isExpiring)) this.#sweepLater();
    }, SWEEP_EVERY).unref();
  }
}

module.exports = { Keeper };
