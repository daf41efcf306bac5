'use strict';

// What becomes of the entries of a store, for those who want to know.

const EventEmitter = require('node:events');
const { JSON, Promise, Set, Symbol } = require('../primordials.js');
const { throwingLater } = require('./later.js');
const { decode } = require('./values.js');

// How much may wait for a reader that is slow, and what an entry counts beside its key and value, in bytes. See
// `src/keeper/outbox.rs` and `store.rs`.
const MOST_TOLD = 8 * 1024 * 1024;
const OVERHEAD = 100;

/** What a reader has not read yet. */
class Reader {
  #waiting = new Set(); // changes with their sizes
  #asked = new Set(); // those who wait for the next
  #size = 0;
  #lost = 0;
  #tellLoss;

  /** @param {(count: number) => void} tellLoss */
  constructor(tellLoss) {
    this.#tellLoss = tellLoss;
  }

  /** @param {object} change @param {any} value that of the change, as JSON has it */
  push(change, value) {
    for (const resolve of this.#asked) {
      this.#asked.delete(resolve);
      return resolve({ value: change, done: false });
    }
    if (this.#size > MOST_TOLD) {
      this.#lost++;
      return undefined;
    }
    const size = OVERHEAD + change.key.length + sizeOf(value);
    this.#size += size;
    this.#waiting.add({ change, size });
    return undefined;
  }

  next(isClosed) {
    for (const first of this.#waiting) {
      this.#waiting.delete(first);
      this.#size -= first.size;
      this.#loseNoMore();
      return { value: first.change, done: false };
    }
    return isClosed ? { value: undefined, done: true } : new Promise((resolve) => this.#asked.add(resolve));
  }

  /** Nothing comes any more. */
  end() {
    this.#asked.forEach((resolve) => resolve({ value: undefined, done: true }));
    this.#asked = new Set();
  }

  #loseNoMore() {
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#tellLoss(lost);
  }
}

const sizeOf = (value) => (value === undefined ? 0 : JSON.stringify(value).length);

/** What becomes of the entries whose keys begin with something. Made by `Store.watch`. */
class Watch extends EventEmitter {
  #end;
  #warn;
  #isClosed = false;
  #readers = new Set();

  /** @param {() => void} end called when it is closed @param {(count: number) => void} warn of changes that are lost */
  constructor(end, warn) {
    super();
    this.#end = end;
    this.#warn = warn;
  }

  /** Each change, until `close` is called. */
  [Symbol.asyncIterator]() {
    const reader = new Reader((count) => {
      this.#warn(count);
      this.lose(count);
    });
    if (!this.#isClosed) this.#readers.add(reader);
    return {
      next: async () => reader.next(this.#isClosed),
      return: async () => {
        this.close();
        return { value: undefined, done: true };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Called with each change, and its value as JSON has it, if there is one. */
  hear(type, key, ...value) {
    const change = value.length === 0 ? { type, key } : { type, key, value: decode(value[0]) };
    throwingLater(() => this.emit('change', change));
    for (const reader of this.#readers) reader.push(change, value[0]);
  }

  /** Called when so many changes are lost. */
  lose(count) {
    throwingLater(() => this.emit('lost', count));
  }

  /** Called when nothing comes any more for this reason. */
  fail(error) {
    this.close();
    if (this.listenerCount('error') > 0) throwingLater(() => this.emit('error', error));
  }

  /** Ends it: nothing is emitted any more but `close`. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end();
    this.#readers.forEach((reader) => reader.end());
    this.#readers = new Set();
    this.emit('close');
  }
}

module.exports = { Watch };
