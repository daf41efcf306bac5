'use strict';

const { ways } = require('../program.js');
const { underLoad } = require('./http.js');

const { ours, builtin } = ways;

const MANY = 64;
const FEW = 4;

// For each worker: a process that seldom runs finds nothing of its own in the caches and pays for that, however many
// there are. What is served before that is not counted: compiling, which each process does for itself.
const RATE = 40;
const WARM_UP = 500;

const total = (sample) => sample.cpu.primary + sample.cpu.workers;
const primary = (sample) => sample.cpu.primary;

const against4 = { against: 'few', basis: `${FEW} workers`, wanted: { atMost: 1.2 } };

module.exports = {
  name: 'many-workers',
  operation: 'connection',
  ways: {
    ours: { ...ours, name: `cluster-rs, ${MANY} workers`, workers: MANY },
    few: { ...ours, name: `cluster-rs, ${FEW} workers`, workers: FEW },
    builtin: { ...builtin, name: `built-in, ${MANY} workers`, workers: MANY },
    builtinFew: { ...builtin, name: `built-in, ${FEW} workers`, workers: FEW },
  },
  sample: ({ workers, ...way }) =>
    underLoad(way, { workers, warmUp: WARM_UP * workers, seconds: 4, clients: workers, rate: RATE * workers }),
  rows: [
    {
      name: `${MANY} workers: CPU per connection`,
      unit: 'µs',
      what: `CPU time of the primary and all workers for a connection with one HTTP request, with ${MANY} workers that serve ${RATE} each second; compared with ${FEW} workers that do.`,
      value: total,
      ...against4,
    },
    {
      name: `${MANY} workers: primary CPU per connection`,
      unit: 'µs',
      what: 'The same samples: the primary alone.',
      value: primary,
      ...against4,
    },
    {
      name: `${FEW} workers: CPU per connection`,
      unit: 'µs',
      what: `What ${MANY} are compared with.`,
      value: total,
      columns: { ours: 'few', builtin: 'builtinFew' },
      against: 'builtinFew',
      basis: 'built-in',
    },
  ],
};
