'use strict';

const EventEmitter = require('node:events');
const { Lines } = require('./lines.js');

// How many lines are kept for those who ask later, and of how many characters in all.
const KEPT = 1000;
const KEPT_SIZE = 4 * 1024 * 1024;

/**
 * What the workers print: whole lines, to this process's own output, and to those who follow the event `line`.
 */
class Output extends EventEmitter {
  #hasPrefix;
  #kept = [];
  #keptSize = 0;
  #closed = new Set();
  #waiting = new Map(); // the workers' streams that wait for one of this process's own

  /** @param {boolean} hasPrefix whether each line says whose it is */
  constructor(hasPrefix) {
    super();
    this.setMaxListeners(0);
    this.#hasPrefix = hasPrefix;
    // Whoever has read this process's output may go; its workers go on.
    for (const stream of [process.stdout, process.stderr]) {
      const waiting = new Set();
      this.#waiting.set(stream, waiting);
      const resume = () => {
        for (const from of waiting) from.resume();
        waiting.clear();
      };
      stream.on('drain', resume).on('error', () => {
        this.#closed.add(stream);
        resume();
      });
    }
  }

  /** The last lines, the oldest first. */
  last(count) {
    return count > 0 ? this.#kept.slice(-count) : [];
  }

  /** Passes on what a worker prints. */
  follow(worker) {
    for (const name of ['stdout', 'stderr']) {
      const from = worker.process[name]; // There is none, if there were no descriptors for it.
      if (from) this.#pass(from, process[name], worker.id);
    }
  }

  #pass(from, to, id) {
    const lines = new Lines();
    const pass = (texts) => {
      if (texts.length === 0) return true;
      for (const text of texts) this.#keep(id, text);
      if (this.#closed.has(to)) return true;
      const prefix = this.#hasPrefix ? `${id} | ` : '';
      return to.write(texts.map((text) => `${prefix}${text}\n`).join(''));
    };
    from.on('data', (piece) => {
      if (pass(lines.add(piece)) || this.#closed.has(to)) return;
      from.pause();
      this.#waiting.get(to).add(from);
    });
    from.on('end', () => pass(lines.end())).on('error', () => {}); // Its worker has gone.
  }

  #keep(worker, text) {
    const line = { worker, text };
    this.#kept.push(line);
    this.#keptSize += text.length;
    while (this.#kept.length > KEPT || this.#keptSize > KEPT_SIZE) this.#keptSize -= this.#kept.shift().text.length;
    this.emit('line', line);
  }
}

module.exports = { Output };
