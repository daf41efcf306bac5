'use strict';

const { ways } = require('../program.js');
const { oneWay } = require('./messages.js');

const { ours, builtin } = ways;
const MEGABYTE = 1024 * 1024;

module.exports = {
  name: 'large-messages',
  operation: 'message',
  ways: {
    ours: { ...ours, name: 'cluster-rs, 1 MB', bytes: MEGABYTE },
    builtin: { ...builtin, name: 'built-in, 1 MB', bytes: MEGABYTE },
    ours16: { ...ours, name: 'cluster-rs, 16 MB', bytes: 16 * MEGABYTE },
    builtin16: { ...builtin, name: 'built-in, 16 MB', bytes: 16 * MEGABYTE },
  },
  sample: (way) => oneWay(way, { bytes: way.bytes, batch: 1, direction: 'to the worker' }),
  rows: [
    {
      name: 'messages of 1 MB to the worker',
      unit: 'MB/s',
      what: 'Objects with one long string, sent as fast as the other end takes them.',
      value: (sample) => sample.bytesPerSecond / 1e6,
      wanted: { atLeast: 6 },
    },
    {
      name: '16 MB in one message',
      unit: 'ns/byte',
      what: 'The time that one byte takes in messages of 16 MB; compared with messages of 1 MB.',
      value: (sample) => 1e9 / sample.bytesPerSecond,
      columns: { ours: 'ours16', builtin: 'builtin16' },
      against: 'ours',
      basis: '1 MB',
      wanted: { atMost: 1.2 },
    },
  ],
};
