'use strict';

const { withProgram } = require('../program.js');

/** CPU time in microseconds, for each of so many operations. */
function each({ primary, workers }, operations) {
  return { primary: primary / operations, workers: workers / operations };
}

/**
 * Sends messages one way for a second.
 * @param {object} way
 * @param {object} options
 * @param {string} [options.shape] one of `programs/shapes.js`; `text` by default
 * @param {'json' | 'advanced'} [options.serialization]
 * @param {number} options.bytes of a message as JSON
 * @param {number} options.batch how many are sent before the sender looks around
 * @param {'to the worker' | 'to the primary'} options.direction
 */
function oneWay(way, { shape, bytes, batch, direction, serialization }) {
  const options = { shape, bytes, batch, direction, serialization, milliseconds: 1000 };
  return withProgram(['messages', way, options], async (program) => {
    const { messages, seconds, cpu } = await program.next();
    return { perSecond: messages / seconds, bytesPerSecond: (messages * bytes) / seconds, cpu: each(cpu, messages) };
  });
}

/**
 * Has a program do something so many times, which it tells when it is done.
 * @param {Parameters<typeof withProgram>[0]} starting
 * @param {number} operations
 */
function repeated(starting, operations) {
  return withProgram(starting, async (program) => {
    const { seconds, cpu } = await program.next();
    return { perSecond: operations / seconds, cpu: each(cpu, operations) };
  });
}

module.exports = { each, oneWay, repeated };
