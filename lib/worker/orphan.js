'use strict';

// A worker whose primary is gone. Nobody else watches over its end, and nobody reads what it prints.

const { arrays, setTimeout } = require('../primordials.js');

// While there are files to read them from: somebody may be installing others by then.
[require('./draining.js'), require('./ending.js')];

// What stands for a time without a limit, in milliseconds.
const LONG = 60 * 60 * 1000;

const NO_READER = ['EPIPE', 'ECONNRESET'];

/** Has what is printed be lost when nobody reads it. An error that nobody handles would end the process. */
function outliveReaders() {
  for (const output of [process.stdout, process.stderr]) {
    output.on('error', (error) => {
      if (!arrays.includes(NO_READER, error.code) && output.listenerCount('error') === 1) throw error;
    });
  }
}

/**
 * Ends this process in time.
 * @param {object} times in milliseconds, as those of the supervisor
 * @param {number} times.gracePeriod how long it may take to finish
 * @param {number} times.killTimeout how long it may go on when it has been told to end
 * @param {() => void} end tells it to end
 * @param {{ killAfter: (time: number) => void }} native the addon's `Worker`, or what stands for it
 */
function limit({ gracePeriod, killTimeout }, end, native) {
  const grace = gracePeriod || LONG;
  setTimeout(end, grace).unref();
  native.killAfter(grace + (killTimeout || LONG));
}

module.exports = { limit, outliveReaders };
