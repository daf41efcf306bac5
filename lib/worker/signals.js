'use strict';

// The signals of a worker. Those that reach all processes of a terminal, or of a group, are for its supervisor, which ends
// its workers in its own order. In the end the program gets one of its own, if it handles that.

const { Map, arrays, setImmediate } = require('../primordials.js');

// What managers of services send, or else what a terminal does.
const USUAL = ['SIGTERM', 'SIGINT'];

// What people and managers of services end a process with that has nobody else to tell it.
const ENDING = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'];

const own = new Map(); // listeners by signal

/** Listens to a signal in the place of the one that has listened to it, without a moment in which nobody does. */
function listen(signal, listener) {
  const former = own.get(signal);
  own.set(signal, listener);
  process.on(signal, listener);
  if (former) process.removeListener(signal, former);
}

/**
 * Leaves some signals to the primary.
 * @param {string[]} signals
 * @param {() => void} [heard] called for each
 */
function leaveToPrimary(signals, heard = () => {}) {
  for (const signal of signals) listen(signal, heard);
}

/**
 * Has the second signal that comes from now on end this process at once, as it ends a primary: there is none any more. What
 * has come before is heard in this turn of the event loop, and was for the primary.
 */
function endWithSecond() {
  let count = 0;
  const hear = () => ++count === 2 && process.kill(process.pid, 'SIGKILL');
  setImmediate(() => {
    for (const signal of ENDING) if (own.has(signal)) listen(signal, hear);
  });
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

module.exports = { endWithSecond, leaveToPrimary, leaveToProgram, stopSignals };
