'use strict';

// How long a line can get before it is cut, in bytes.
const LONGEST = 1024 * 1024;

const NEWLINE = 0x0a;

const isContinuation = (byte) => (byte & 0xc0) === 0x80;

/** Where text can be cut at or before `end` without cutting a character of UTF-8, which has four bytes at most. */
function boundary(text, end) {
  let cut = end;
  while (end - cut < 3 && isContinuation(text[cut])) cut--;
  return cut > 0 && !isContinuation(text[cut]) ? cut : end;
}

/** Holds back what is no whole line yet of text that comes in pieces. A line ends with `\n`, and with nothing else. */
class Lines {
  #pieces = []; // of the line that has no end yet
  #length = 0;
  #longest;

  /** @param {number} [longest] how long a line can get before it is cut, in bytes */
  constructor(longest = LONGEST) {
    this.#longest = longest;
  }

  /**
   * @param {Buffer} piece
   * @returns {Buffer} the lines that are whole with this piece, with their ends; empty if there is none
   */
  add(piece) {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    const lines = end > 0 ? this.#take(piece.subarray(0, end)) : Buffer.alloc(0);
    if (end < piece.length) this.#keep(piece.subarray(end));
    return this.#length > this.#longest ? Buffer.concat([lines, this.#cut()]) : lines;
  }

  /** The last line, if it has none, with an end. */
  end() {
    return this.#length > 0 ? this.#take(Buffer.from('\n')) : Buffer.alloc(0);
  }

  #keep(piece) {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  #take(last) {
    if (this.#length === 0) return last;
    const all = Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#length = 0;
    return all;
  }

  /** The first part of a line that is too long, as a line. */
  #cut() {
    const text = this.#take(Buffer.alloc(0));
    const cut = boundary(text, this.#longest);
    this.#keep(text.subarray(cut));
    return Buffer.concat([text.subarray(0, cut), Buffer.from('\n')]);
  }
}

/** The lines of text that consists of whole ones, without their ends. */
const split = (lines) => (lines.length > 0 ? lines.toString().slice(0, -1).split('\n') : []);

module.exports = { Lines, split };
