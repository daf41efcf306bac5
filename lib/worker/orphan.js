'use strict';

// A worker whose primary is gone. Nobody else watches over its end, and nobody reads what it prints.

const { arrays, setTimeout } = require('../primordials.js');

// While there are files to read them from: somebody may be installing others by then.
[require('./draining.js'), require('./ending.js')];

// What stands for a time without a limit, in milliseconds: nobody else could end this process.
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
 * Prepares for the end of the primary.
 * @param {object} times how long this process may take then, in milliseconds, as those of the supervisor
 * @param {number} times.gracePeriod to finish
 * @param {number} times.killTimeout when it has been told to end
 * @param {{ outliveBy?: (time: number) => void }} native the addon's `Worker`
 */
function prepare(times, native) {
  outliveReaders();
  native.outliveBy?.((times.gracePeriod || LONG) + (times.killTimeout || LONG)); // Also where the event loop is blocked.
}

/**
 * Ends this process in time.
 * @param {object} times as for {@link prepare}
 * @param {() => void} end tells it to end
 */
function limit({ gracePeriod, killTimeout }, end) {
  const kill = () => process.kill(process.pid, 'SIGKILL');
  const endOrKill = () => {
    end();
    setTimeout(kill, killTimeout || LONG).unref();
  };
  setTimeout(endOrKill, gracePeriod || LONG).unref();
}

module.exports = { limit, prepare };
