'use strict';

// What a process hears from others through a server. A channel is subscribed to for as long as somebody wants it.

const { Map, Set } = require('../primordials.js');
const { Client } = require('./client.js');

class Channels {
  #original;
  #lost;
  #client; // once there is something to hear
  #channels = new Map(); // { holders, hear, ready } by name

  /**
   * @param {object} original the program's client
   * @param {() => void} lost called when something may not have been heard
   */
  constructor(original, lost) {
    this.#original = original;
    this.#lost = lost;
  }

  /**
   * Fulfilled when nothing is missed any more.
   * @param {string} name
   * @param {object} holder who wants it
   * @param {(message: string) => void} hear called with each message, once for all holders
   */
  async open(name, holder, hear) {
    let channel = this.#channels.get(name);
    if (!channel) {
      this.#client ??= new Client(this.#original, {
        hear: (from, message) => this.#channels.get(from)?.hear(message),
        reconnected: () => this.#reconnected(),
      });
      channel = { holders: new Set(), hear, ready: this.#client.subscribe(name) };
      this.#channels.set(name, channel);
    }
    channel.holders.add(holder);
    try {
      await channel.ready;
    } catch (error) {
      if (this.#channels.get(name) === channel) this.#channels.delete(name);
      throw error;
    }
  }

  /** Is not wanted by this holder any more. */
  async close(name, holder) {
    const channel = this.#channels.get(name);
    if (!channel?.holders.delete(holder) || channel.holders.size > 0) return;
    this.#channels.delete(name);
    await this.#client.unsubscribe(name);
  }

  /** Closes all. */
  end() {
    this.#channels = new Map();
    this.#client?.close();
  }

  /** The package subscribes again by itself. Whoever looks for what is missing does so when that is done. */
  async #reconnected() {
    try {
      await this.#client.send(['PING']);
      this.#lost();
    } catch {
      // It is lost once more.
    }
  }
}

module.exports = { Channels };
