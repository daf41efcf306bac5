'use strict';

// Whether what processes have seen of one entry can have been done one step after the other: each between the moment when it
// was asked for and the one when it was answered.

/**
 * What one step makes of a value (`undefined` for none), and what it answers.
 * @param {number | undefined} value
 * @param {{ name: string, given: any[] }} operation
 * @returns {[number | undefined, any]} the value then, and the answer
 */
function step(value, { name, given: [first, second] }) {
  switch (name) {
    case 'get':
      return [value, value];
    case 'set':
      return [first, undefined];
    case 'add':
      return value === undefined ? [first, true] : [value, false];
    case 'incr':
      return [(value ?? 0) + first, (value ?? 0) + first];
    case 'compareAndSet':
      return value === first ? [second, true] : [value, false];
    case 'delete':
      return [undefined, value !== undefined];
    default:
      throw new Error(`unknown operation: ${name}`);
  }
}

/**
 * Looks for an order, as Wing and Gong do, and remembers where it has been.
 * @param {object[]} history operations: `name`, `given`, `began` and, if it was answered, `ended` and `answer`. One that was
 *   not may have been done at any time since it began, or never.
 * @returns {boolean} whether there is one
 */
function isLinearizable(history) {
  const operations = history.toSorted((one, other) => one.began - other.began);
  const answered = operations.filter(({ ended }) => ended !== undefined).length;
  const seen = new Set();

  function search(done, count, value) {
    if (count === answered) return true;
    const place = `${done}:${value}`;
    if (seen.has(place)) return false;
    seen.add(place);
    // The next may be each that began before any that is left was answered.
    let limit = Infinity;
    for (let i = 0; i < operations.length; i++) {
      const { ended = Infinity } = operations[i];
      if (!(done & (1n << BigInt(i))) && ended < limit) limit = ended;
    }
    for (let i = 0; i < operations.length; i++) {
      const operation = operations[i];
      const bit = 1n << BigInt(i);
      if (operation.began > limit) break;
      if (done & bit) continue;
      const [next, answer] = step(value, operation);
      const isKnown = operation.ended !== undefined;
      if (isKnown && answer !== operation.answer) continue;
      if (search(done | bit, count + (isKnown ? 1 : 0), next)) return true;
    }
    return false;
  }

  return search(0n, 0, undefined);
}

module.exports = { isLinearizable };
