'use strict';

// The signal that tells a worker's program to end.

// What managers of services send, or else what a terminal does.
const USUAL = ['SIGTERM', 'SIGINT'];

const ignore = () => {};

/** Ctrl+C reaches all processes of a terminal. A supervisor ends its workers in its own order. */
function ignoreInterrupts() {
  process.on('SIGINT', ignore);
}

const isHandled = (signal) => process.listeners(signal).some((listener) => listener !== ignore);

/**
 * The signal for which the program is to end in its own way; `undefined` if it handles none.
 * @param {string} [wanted] the only one that counts
 */
function stopSignal(wanted) {
  return (wanted === undefined ? USUAL : [wanted]).find(isHandled);
}

/**
 * Raises a signal in this process. `received` is called before the program's listeners. Packages that end a process
 * unless somebody else handles the signal count those: nobody else is among them by then.
 */
function raise(signal, received) {
  process.prependOnceListener(signal, received);
  process.kill(process.pid, signal);
}

module.exports = { ignoreInterrupts, raise, stopSignal };
