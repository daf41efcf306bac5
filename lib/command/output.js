'use strict';

const EventEmitter = require('node:events');
const { StringDecoder } = require('node:string_decoder');

// How many lines are kept for those who ask later, and how long one can get before it is cut, in characters.
const KEPT = 1000;
const LONGEST = 1024 * 1024;

/** Cuts what comes in pieces into lines. */
class Lines {
  #rest = '';
  #decoder = new StringDecoder('utf8');

  /** The lines that are whole with this piece, without their ends. */
  add(piece) {
    const lines = (this.#rest + this.#decoder.write(piece)).split('\n');
    this.#rest = lines.pop();
    if (this.#rest.length > LONGEST) {
      lines.push(this.#rest);
      this.#rest = '';
    }
    return lines;
  }

  /** The last line, if it has no end. */
  end() {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }
}

/**
 * What the workers print: whole lines, to this process's own output, and to those who follow the event `line`.
 */
class Output extends EventEmitter {
  #hasPrefix;
  #kept = [];
  #closed = new Set();

  /** @param {boolean} hasPrefix whether each line says whose it is */
  constructor(hasPrefix) {
    super();
    this.setMaxListeners(0);
    this.#hasPrefix = hasPrefix;
    // Whoever has read this process's output may go; its workers go on.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => this.#closed.add(stream));
  }

  /** The last lines, the oldest first. */
  last(count) {
    return count > 0 ? this.#kept.slice(-count) : [];
  }

  /** Passes on what a worker prints. */
  follow(worker) {
    for (const name of ['stdout', 'stderr']) this.#pass(worker.process[name], process[name], worker.id);
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
      const resume = () => {
        to.off('drain', resume).off('error', resume);
        from.resume();
      };
      to.on('drain', resume).on('error', resume);
    });
    from.on('end', () => pass(lines.end())).on('error', () => {}); // Its worker has gone.
  }

  #keep(worker, text) {
    const line = { worker, text };
    this.#kept.push(line);
    if (this.#kept.length > KEPT) this.#kept.shift();
    this.emit('line', line);
  }
}

module.exports = { Lines, Output };
