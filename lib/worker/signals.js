'use strict';

// The signals of a worker. Those that reach all processes of a terminal, or of a group, are for its supervisor, which ends
// its workers in its own order. In the end the program gets one of its own, if it handles that.

const { Map, arrays } = require('../primordials.js');

// What managers of services send, or else what a terminal does.
const USUAL = ['SIGTERM', 'SIGINT'];

const own = new Map(); // listeners by signal

/**
 * Leaves some signals to the primary.
 * @param {string[]} signals
 * @param {() => void} [heard] called for each
 */
function leaveToPrimary(signals, heard = () => {}) {
  for (const signal of signals) {
    own.set(signal, heard);
    process.on(signal, heard);
  }
}

/** Leaves a signal to the program, as in any process. */
function leaveToProgram(signal) {
  if (!own.has(signal)) return;
  process.removeListener(signal, own.get(signal));
  own.delete(signal);
}

const isHeard = (signal) => arrays.some(process.listeners(signal), (listener) => listener !== own.get(signal));

/**
 * The signals that tell the program to end, of which the first one counts that it does not only pass on.
 * @param {string} [wanted] the only one
 */
function stopSignals(wanted) {
  return arrays.filter(wanted === undefined ? USUAL : [wanted], isHeard);
}

module.exports = { leaveToPrimary, leaveToProgram, stopSignals };
