'use strict';

const { ways } = require('../program.js');
const { oneWay } = require('./messages.js');

const { ours, builtin } = ways;

const experiment = (name, direction) => ({
  name,
  operation: 'message',
  ways: { ours, builtin },
  sample: (way) => oneWay(way, { bytes: 64, batch: 1000, direction }),
  rows: [
    {
      name: `messages of 64 bytes ${direction}`,
      unit: '/s',
      what: 'Objects of two properties, 64 bytes as JSON, sent one way as fast as the other end takes them.',
      value: (sample) => sample.perSecond,
      wanted: { atLeast: 8 },
    },
  ],
});

module.exports = [
  experiment('messages-to-worker', 'to the worker'),
  experiment('messages-to-primary', 'to the primary'),
];
