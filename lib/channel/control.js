'use strict';

const EventEmitter = require('node:events');

/**
 * `process.channel` and `worker.process.channel`: whether the channel keeps the process alive. The program's own word
 * counts for good; before that, listeners and messages on their way do (Node's `Control` in
 * `lib/internal/child_process.js`).
 */
class Control extends EventEmitter {
  #channel;
  #count = 0;
  #decided = false;

  /** @param {{ keepAlive(yes: boolean): void, fd: number }} channel */
  constructor(channel) {
    super();
    this.#channel = channel;
  }

  refCounted() {
    if (++this.#count === 1 && !this.#decided) this.#channel.keepAlive(true);
  }

  unrefCounted() {
    if (--this.#count === 0 && !this.#decided) {
      this.#channel.keepAlive(false);
      this.emit('unref');
    }
  }

  ref() {
    this.#decided = true;
    this.#channel.keepAlive(true);
  }

  unref() {
    this.#decided = true;
    this.#channel.keepAlive(false);
  }

  get fd() {
    return this.#channel.fd;
  }
}

module.exports = { Control };
