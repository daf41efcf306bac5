'use strict';

// Messages between all processes of a cluster.

const { Map, Set } = require('../primordials.js');
const errors = require('../errors.js');
const { throwingLater } = require('./later.js');
const { decode, toName, toText } = require('./values.js');

const toResult = (reply) => reply[1];
const toNothing = () => undefined;

class Topics {
  #keeper;
  #serialization;
  #listeners = new Map(); // by topic

  /** @param {import('./keeper.js').Keeper} keeper @param {object} serialization one of {@link serializations} */
  constructor(keeper, serialization) {
    this.#keeper = keeper;
    this.#serialization = serialization;
  }

  /** See `cluster.publish` in `index.d.ts`. */
  async publish(topic, message) {
    const text = `${toName('topic', topic)},${toText(this.#serialization, 'message', message)}`;
    return this.#keeper.ask(`{"publish":[${text}]}`, toResult);
  }

  /** See `cluster.subscribe` in `index.d.ts`. */
  async subscribe(topic, listener) {
    const text = toName('topic', topic);
    if (typeof listener !== 'function') throw errors.invalidArgument('listener', 'of type function', listener);
    const own = (message) => listener(message, topic);
    let listeners = this.#listeners.get(topic);
    if (!listeners) this.#listeners.set(topic, (listeners = new Set()));
    listeners.add(own);
    this.#keeper.hold();
    const end = () => {
      if (!listeners.delete(own)) return false; // It has ended before.
      this.#keeper.release();
      if (listeners.size > 0) return false;
      this.#listeners.delete(topic);
      return true;
    };
    try {
      await this.#keeper.ask(`{"subscribe":${text}}`, toNothing);
    } catch (error) {
      end();
      throw error;
    }
    return {
      topic,
      unsubscribe: async () => {
        if (end()) await this.#keeper.ask(`{"unsubscribe":${text}}`, toNothing);
      },
    };
  }

  /** Called when a message has come. */
  hear(topic, message) {
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined) return; // It was on its way when the last one left.
    for (const listener of [...listeners]) {
      const own = decode(message);
      throwingLater(() => listener(own));
    }
  }

  /** Forgets all: nothing comes any more. Whether anybody had been listening. */
  end() {
    const had = this.#listeners.size > 0;
    this.#listeners.forEach((listeners, topic) => {
      this.#keeper.tell(`{"unsubscribe":${toName('topic', topic)}}`);
      listeners.forEach((listener) => {
        listeners.delete(listener);
        this.#keeper.release();
      });
    });
    this.#listeners = new Map();
    return had;
  }
}

module.exports = { Topics };
