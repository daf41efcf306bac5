'use strict';

// Messages of one turn of the loop, which are written together.

const { Buffer, Math, buffers, constructors } = require('../primordials.js');

// The memory for bytes that go with messages, for the next batch; larger ones get their own.
const KEPT = 262144;

// How many bytes a unit of a string takes in UTF-8 at most.
const MOST_OF_UNIT = 3;

class Batch {
  /** JSON of the messages, separated by commas. */
  #text = '';
  #count = 0;
  #notes = '';
  #sizes = '';
  #memory;
  #length = 0; // of the bytes in the memory

  get isEmpty() {
    return this.#count === 0;
  }

  /** How long it is, in characters and bytes. */
  get size() {
    return this.#text.length + this.#notes.length + this.#length;
  }

  /** How long the part of it is that is JSON, which costs time to make and to read. */
  get textLength() {
    return this.#text.length + this.#notes.length;
  }

  /** @param {string | import('./clone.js').Clone} encoded a message as JSON, with notes or without */
  add(encoded) {
    const text = typeof encoded === 'string' ? encoded : encoded.text;
    this.#text = this.#count === 0 ? text : `${this.#text},${text}`;
    if (text !== encoded) this.#addNotes(encoded);
    this.#count++;
  }

  #addNotes({ notes, parts }) {
    for (let i = 0; i < notes.length; i++) {
      const note = `${this.#count}${notes[i]}`;
      this.#notes = this.#notes === '' ? note : `${this.#notes},${note}`;
    }
    for (let i = 0; i < parts.length; i++) {
      const size = this.#addPart(parts[i]);
      this.#sizes = this.#sizes === '' ? `${size}` : `${this.#sizes},${size}`;
      this.#length += size;
    }
  }

  /** Copies a part behind the others, and gives its size. */
  #addPart(part) {
    if (typeof part === 'string') {
      this.#reserve(part.length * MOST_OF_UNIT);
      return buffers.write(this.#memory, part, this.#length, 'utf8');
    }
    const { buffer, byteLength, byteOffset } = part;
    this.#reserve(byteLength);
    buffers.set(this.#memory, new constructors.Uint8Array(buffer, byteOffset, byteLength), this.#length);
    return byteLength;
  }

  #reserve(count) {
    const needed = this.#length + count;
    const size = this.#memory?.length ?? 0;
    if (size >= needed) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * size, KEPT));
    if (this.#length > 0) buffers.set(larger, buffers.subarray(this.#memory, 0, this.#length), 0);
    this.#memory = larger;
  }

  /**
   * Writes all of it, and begins anew.
   * @param {object} native the addon's end of the channel
   * @returns {number} what its methods say that send
   */
  write(native) {
    const text = this.#text;
    const notes = this.#notes;
    const sizes = this.#sizes;
    const length = this.#length;
    const memory = this.#memory;
    this.#text = '';
    this.#count = 0;
    this.#notes = '';
    this.#sizes = '';
    this.#length = 0;
    if (memory?.length > KEPT) this.#memory = undefined;
    if (notes === '') return native.sendMessages(text, true);
    return native.sendClones(`[${text}],[${notes}],[${sizes}]`, length > 0 ? memory : undefined, length, true);
  }
}

module.exports = { Batch };
