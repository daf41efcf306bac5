'use strict';

// What this process asks the keeper, who has what the processes of a cluster share: requests of one turn of the loop go
// together, and so do the answers.

const { JSON, Map, Promise, setImmediate, setTimeout } = require('../primordials.js');
const errors = require('../errors.js');

// For how long nothing is asked before the process may end, in milliseconds.
const REST = 10;

// What the keeper refuses, as it says it.
const REFUSALS = { __proto__: null, full: errors.storeFull, notNumber: errors.notNumber };

/**
 * @typedef {[number, any?, string?]} Reply the number of the request, what came of it, and why it was refused
 */

class Keeper {
  #open;
  #way; // to the keeper, once somebody has asked for something
  #pending = new Map(); // what has not been answered, by number
  #stores = new Map(); // the numbers of those that are open, by name
  #opened = 0;
  #text = '';
  #last = 0;
  #holds = 0; // how much, beside answers, the process is to stay alive for
  #isKept = false;
  #timer;
  #isClosed = false;
  #hear;

  /**
   * @param {(events: object) => { send: (text: string) => number, keepAlive: (yes: boolean) => void, close: () => void }} open
   *   makes the way there; `events` has the functions `ontext(text)` and `onended()`
   * @param {(...told: any[]) => void} hear called with what the keeper says unasked: a kind, and what there is to it
   */
  constructor(open, hear) {
    this.#open = open;
    this.#hear = hear;
  }

  /**
   * Asks for something.
   * @param {string} request JSON, see `src/keeper/request.rs`
   * @param {(reply: Reply) => any} read makes of the reply what the caller gets
   * @param {(number: number) => void} [begin] called with the number of the request
   * @returns {Promise<any>}
   */
  ask(request, read, begin) {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw errors.keeperGone();
      const number = this.#send(request);
      this.#pending.set(number, { resolve, reject, read });
      if (this.#pending.size === 1) this.#keepAlive();
      begin?.(number);
    });
  }

  /** Tells the keeper something, whose answer is of no interest. */
  tell(request) {
    if (this.#way) this.#send(request);
  }

  /**
   * The number of a store, for requests.
   * @param {string} name
   * @param {string} bounds as JSON; `null` for those that it has
   */
  numberOf(name, bounds) {
    this.#connect();
    let number = this.#stores.get(name);
    if (number === undefined) {
      number = this.#opened++;
      this.#stores.set(name, number);
      this.#send(`{"open":[${JSON.stringify(name)},${bounds}]}`);
    }
    return number;
  }

  /** Has a store that is open get other bounds with the next request. */
  reopen(name) {
    this.#stores.delete(name);
  }

  /** Keeps the process alive also without a question that is open, until `release` has been called as often. */
  hold() {
    this.#holds++;
    this.#keepAlive();
  }

  release() {
    this.#holds--;
    this.#keepAlive();
  }

  /** Asks no more: what this process held goes to others. */
  close() {
    this.#isClosed = true;
    this.#flush();
    this.#way?.close();
    this.#end();
  }

  #connect() {
    if (this.#way || this.#isClosed) return;
    this.#stores = new Map();
    this.#opened = 0;
    this.#way = this.#open({ ontext: (text) => this.#take(text), onended: () => this.#end() });
    this.#isKept = false;
    this.#keepAlive();
  }

  #send(request) {
    this.#connect();
    const number = ++this.#last;
    if (this.#text === '') {
      this.#text = `[${number},${request}]`;
      setImmediate(() => this.#flush());
    } else this.#text += `,[${number},${request}]`;
    return number;
  }

  #flush() {
    const text = this.#text;
    this.#text = '';
    if (text !== '' && this.#way && this.#way.send(text) < 0) this.#end();
  }

  get #isWanted() {
    return this.#pending.size + this.#holds > 0;
  }

  #keepAlive() {
    if (this.#isWanted === this.#isKept || !this.#way) return;
    if (!this.#isKept) {
      this.#isKept = true;
      this.#way.keepAlive(true);
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#letGo(), REST).unref(); // More is asked soon, as a rule.
    }
  }

  #letGo() {
    this.#timer = undefined;
    if (this.#isWanted || !this.#way) return;
    this.#isKept = false;
    this.#way.keepAlive(false);
  }

  #take(text) {
    for (const reply of JSON.parse(text)) {
      if (reply[0] === 0) this.#hear(...reply);
      else this.#settle(reply);
    }
    this.#keepAlive();
  }

  #settle(reply) {
    const asked = this.#pending.get(reply[0]);
    if (asked === undefined) return; // Nobody waits for it.
    this.#pending.delete(reply[0]);
    if (reply.length === 3) asked.reject(REFUSALS[reply[2]]());
    else asked.resolve(asked.read(reply));
  }

  #end() {
    const pending = this.#pending;
    this.#way = undefined;
    this.#text = '';
    this.#pending = new Map();
    pending.forEach(({ reject }) => reject(errors.keeperGone()));
    this.#hear(0, 'ended');
  }
}

module.exports = { Keeper };
