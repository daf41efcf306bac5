'use strict';

// The one clock for ages, delays and limits: it goes on evenly, whatever is done to the clock on the wall, or to the globals.

const { performance } = require('node:perf_hooks');
const { Reflect } = require('./primordials.js');

const { now } = performance;

module.exports = {
  /** The longest that a timer can take, in milliseconds; more is as if nothing had been said. */
  LONGEST_DELAY: 2 ** 31 - 1,

  /** Milliseconds since some time before; only differences mean something. */
  now: () => Reflect.apply(now, performance, []),
};
