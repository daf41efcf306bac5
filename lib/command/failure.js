'use strict';

// Exit codes, for scripts.
const FAILED = 1;
const USAGE = 2;
const NOT_RUNNING = 3;

/** Something that the command tells its user in a line, and ends with. */
class Failure extends Error {
  /**
   * @param {string} message
   * @param {number} [code] the exit code
   */
  constructor(message, code = FAILED) {
    super(message);
    this.code = code;
  }
}

// What process managers call the settings, in the letters of their names.
const ELSEWHERE = {
  __proto__: null,
  instances: 'workers',
  listentimeout: 'starttimeout',
  maxmemoryrestart: 'maxmemory',
  script: 'app',
};

const letters = (name) => name.toLowerCase().replace(/[^a-z]/g, '');

/** Why commands can't reach a program, which can run all the same. */
class NoSocket extends Failure {}

/** The name among `names` that was probably meant, as the end of a sentence. */
function suggestion(name, names) {
  const same = ELSEWHERE[letters(name)] ?? letters(name);
  const near =
    names.find((known) => letters(known) === same) ??
    names.find((known) => distance(name.toLowerCase(), known.toLowerCase()) <= 2);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** How many letters must be changed, added or removed to make `b` of `a`. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

module.exports = { FAILED, Failure, NoSocket, NOT_RUNNING, USAGE, suggestion };
