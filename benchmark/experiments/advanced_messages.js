'use strict';

const { ways } = require('../program.js');
const { oneWay } = require('./messages.js');
const { shapes } = require('./shapes.js');

const { ours, builtin } = ways;

// As many at a time as make a quarter of a megabyte.
const TOGETHER = 256 * 1024;

module.exports = shapes.map(({ shape, bytes, words }) => ({
  name: `advanced-${shape}-${bytes}`,
  operation: 'message',
  ways: { ours, builtin },
  sample: (way) => {
    const batch = Math.round(TOGETHER / Math.max(bytes, 256));
    return oneWay(way, { shape, bytes, batch, direction: 'to the primary', serialization: 'advanced' });
  },
  rows: [
    {
      name: `advanced messages, ${words}`,
      unit: '/s',
      what: `With \`serialization: 'advanced'\`: ${words}, sent to the primary as fast as that takes them.`,
      value: (sample) => sample.perSecond,
      wanted: { atLeast: 1.5 },
    },
  ],
}));
