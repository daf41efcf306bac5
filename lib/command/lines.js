'use strict';

const { StringDecoder } = require('node:string_decoder');

// How long a line can get before it is cut, in characters.
const LONGEST = 1024 * 1024;

/** Cuts text that comes in pieces into lines: at `\n`, and at nothing else. */
class Lines {
  #rest = '';
  #longest;
  #decoder = new StringDecoder('utf8');

  /** @param {number} [longest] how long a line can get before it is cut, in characters */
  constructor(longest = LONGEST) {
    this.#longest = longest;
  }

  /** The lines that are whole with this piece, without their ends. */
  add(piece) {
    const lines = (this.#rest + this.#decoder.write(piece)).split('\n');
    this.#rest = lines.pop();
    if (this.#rest.length > this.#longest) {
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

module.exports = { Lines };
