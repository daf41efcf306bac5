'use strict';

// What a worker does for a supervisor.

const diagnostics = require('node:diagnostics_channel');
const { Math, setInterval } = require('../primordials.js');
const { now } = require('../clock.js');
const { numbers } = require('../channel/index.js');

// Where the addon finds how many HTTP requests have begun, and by how many milliseconds the last beat was late.
const REQUESTS = 2;
const LAG = 3;

// How often a worker gives a sign of life at least, in milliseconds: each turn of its loop shows on its page.
const BEAT = 250;

function setUp() {
  diagnostics.subscribe('http.server.request.start', () => numbers[REQUESTS]++);
  let due = now() + BEAT;
  const beat = () => {
    numbers[LAG] = Math.max(0, Math.round(now() - due));
    due = now() + BEAT;
  };
  setInterval(beat, BEAT).unref();
}

/** How many HTTP requests have begun, and by how many milliseconds the last beat was late. */
const read = () => ({ requests: numbers[REQUESTS], lag: numbers[LAG] });

module.exports = { BEAT, read, setUp };
