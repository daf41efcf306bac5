'use strict';

// The one clock for ages, delays and limits: it goes on evenly, whatever is done to the clock on the wall, or to the globals.

const { performance } = require('node:perf_hooks');
const { Reflect } = require('./primordials.js');

const { now } = performance;

module.exports = {
  /** Milliseconds since some time before; only differences mean something. */
  now: () => Reflect.apply(now, performance, []),
};
