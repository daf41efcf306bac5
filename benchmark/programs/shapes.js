'use strict';

// What messages are made of, by the name of their shape: `(n, bytes)` gives one of about so many bytes.

const shapes = {
  /** Two properties, which are so many bytes as JSON. */
  text: (n, bytes) => ({ n, text: textOf(bytes - EMPTY) }),
  /** Bytes of the program's own. */
  buffer: (n, bytes) => ({ n, data: bufferOf(bytes) }),
  /** Rows, as of a table. */
  records: (n, bytes) => ({ n, rows: recordsOf(Math.max(1, Math.round(bytes / ROW))) }),
  /** What JSON has no form for. */
  collections: (n, bytes) => ({ n, at: new Date(n), by: undefined, tags: mapOf(Math.max(1, Math.round(bytes / 24))) }),
};

// What is not the text in JSON of `text`, whose number has six digits.
const EMPTY = JSON.stringify({ n: 100000, text: '' }).length;

const row = (id) => ({ id, name: `row ${id}`, price: id * 1.25, isNew: id % 2 === 0, tags: ['a', 'b'] });
const ROW = JSON.stringify(row(100)).length;

/** What is made once for each size: the sender is not to be measured making it. */
function once(make) {
  const made = new Map();
  return (size) => {
    if (!made.has(size)) made.set(size, make(size));
    return made.get(size);
  };
}

const textOf = once((length) => 'x'.repeat(length));
const bufferOf = once((length) => Buffer.alloc(length, 'x'));
const recordsOf = once((count) => Array.from({ length: count }, (_, id) => row(id)));
const mapOf = once((count) => new Map(Array.from({ length: count }, (_, id) => [`key ${id}`, id])));

module.exports = { shapes };
