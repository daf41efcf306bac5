'use strict';

// What this process asks the keeper, who has what the processes of a cluster share: requests of one turn of the loop go
// together, and so do the answers.

const { constants } = require('node:os');
const { JSON, Map, Promise, setImmediate, setTimeout } = require('../primordials.js');
const errors = require('../errors.js');

// For how long nothing is asked before the process may end, in milliseconds.
const REST = 10;

// How much goes together, in characters.
const MOST_TOGETHER = 1024 * 1024;

// What the keeper refuses, as it says it.
const REFUSALS = {
  __proto__: null,
  full: errors.storeFull,
  notNumber: errors.notNumber,
  tooLarge: errors.answerTooLarge,
};

/**
 * @typedef {[number, any?, string?]} Reply the number of the request, what came of it, and why it was refused
 */

class Keeper {
  #open;
  #way; // to the keeper, once somebody has asked for something
  #pending = new Map(); // what has not been answered, by number
  #waits = 0; // how much of it may take for ever
  #stores = new Map(); // the numbers of those that are open, by name
  #opened = 0;
  #text = ''; // requests that have not been sent
  #first = 1; // the number of the first of them
  #last = 0;
  #holds = 0; // how much, beside answers, the process is to stay alive for
  #isKept = false;
  #timer;
  #hasLeft = false;
  #isClosed = false;
  #hear;

  /** Whether it is open until this process ends, though that has left its cluster. */
  lasts = true;

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
   * @param {(number: number) => void} [begin] called with the number of a request whose answer may take for ever
   * @returns {Promise<any>}
   */
  ask(request, read, begin) {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw errors.keeperGone();
      const number = this.#send(request);
      this.#pending.set(number, { resolve, reject, read, waits: begin !== undefined });
      if (begin) this.#waits++;
      if (this.#pending.size === 1 || this.#hasLeft) this.#keepAlive();
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

  /** Has a store get other bounds, if it is open. */
  reopen(name, bounds) {
    const number = this.#stores.get(name);
    if (number !== undefined) this.tell(`{"bound":[${number},${bounds}]}`);
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

  /** This process has left its cluster: what may take for ever keeps it alive no more. */
  leave() {
    this.#hasLeft = true;
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
    if (this.#text !== '' && this.#text.length + request.length > MOST_TOGETHER) this.#flush();
    const number = ++this.#last;
    if (this.#text === '') {
      this.#first = number;
      this.#text = `[${number},${request}]`;
      setImmediate(() => this.#flush());
    } else this.#text += `,[${number},${request}]`;
    return number;
  }

  #flush() {
    const text = this.#text;
    this.#text = '';
    if (text === '' || !this.#way) return;
    const outcome = this.#way.send(text);
    if (outcome === -constants.errno.EMSGSIZE) this.#refuse(this.#first);
    else if (outcome < 0) this.#end();
  }

  /** What is too large has been sent alone. */
  #refuse(number) {
    const asked = this.#remove(number);
    asked?.reject(errors.messageTooLarge());
    this.#keepAlive();
  }

  get #isWanted() {
    return this.#hasLeft ? this.#pending.size > this.#waits : this.#pending.size + this.#holds > 0;
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
    const asked = this.#remove(reply[0]);
    if (asked === undefined) return; // Nobody waits for it.
    if (reply.length === 3) return asked.reject(REFUSALS[reply[2]]());
    try {
      asked.resolve(asked.read(reply));
    } catch (error) {
      asked.reject(error); // The value can't be read.
    }
  }

  #remove(number) {
    const asked = this.#pending.get(number);
    if (asked === undefined) return undefined;
    this.#pending.delete(number);
    if (asked.waits) this.#waits--;
    return asked;
  }

  #end() {
    const pending = this.#pending;
    this.#way = undefined;
    this.#text = '';
    this.#pending = new Map();
    this.#waits = 0;
    pending.forEach(({ reject }) => reject(errors.keeperGone()));
    this.#hear(0, 'ended');
  }
}

module.exports = { Keeper };
