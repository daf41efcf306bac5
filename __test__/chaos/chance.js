'use strict';

/**
 * Numbers that look random, the same for the same seed (Marsaglia's xorshift with 32 bits).
 * @param {number} seed a whole number
 */
function chanceOf(seed) {
  let state = (seed ^ 0x9e3779b9) | 0 || 1;

  function fraction() {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  }

  return {
    /** A whole number from `least` to `most`. */
    between: (least, most) => least + Math.floor(fraction() * (most - least + 1)),
    /** One of a list; `undefined` if that is empty. */
    oneOf: (list) => list[Math.floor(fraction() * list.length)],
    /** `true` once in so many times. */
    onceIn: (times) => fraction() * times < 1,
  };
}

module.exports = { chanceOf };
