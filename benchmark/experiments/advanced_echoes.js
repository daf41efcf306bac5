'use strict';

const { ways } = require('../program.js');
const { repeated } = require('./messages.js');
const { shapes } = require('./shapes.js');

const { ours, builtin } = ways;

// How many are on their way at a time.
const FLYING = 32;

module.exports = shapes.map(({ shape, bytes, words }) => ({
  name: `advanced-echo-${shape}-${bytes}`,
  operation: 'round trip',
  ways: { ours, builtin },
  sample: (way) => {
    const roundTrips = bytes > 4096 ? 10_000 : 40_000;
    const options = { shape, bytes, flying: FLYING, roundTrips, warmUp: roundTrips / 4, serialization: 'advanced' };
    return repeated(['round_trips', way, options], roundTrips);
  },
  rows: [
    {
      name: `advanced echoes, ${words}`,
      unit: '/s',
      what: `With \`serialization: 'advanced'\`: ${words} to the worker and back, ${FLYING} on their way at a time.`,
      value: (sample) => sample.perSecond,
      wanted: { atLeast: 1 },
    },
  ],
}));
