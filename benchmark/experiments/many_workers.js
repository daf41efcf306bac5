'use strict';

const { ways } = require('../program.js');
const { underLoad } = require('./http.js');

const { ours } = ways;

module.exports = {
  name: 'many-workers',
  operation: 'connection',
  ways: {
    ours: { ...ours, name: 'cluster-rs, 64 workers', workers: 64 },
    few: { ...ours, name: 'cluster-rs, 4 workers', workers: 4 },
  },
  sample: (way) => underLoad(way, { workers: way.workers, warmUp: 1000 * way.workers, seconds: 2, clients: 64 }),
  rows: [
    {
      name: '64 workers: CPU per connection',
      unit: 'µs',
      what: 'CPU time of the primary and all workers for a connection with one HTTP request, with 64 workers; compared with 4.',
      value: (sample) => sample.cpu.primary + sample.cpu.workers,
      against: 'few',
      basis: '4 workers',
      wanted: { atMost: 1.2 },
    },
    {
      name: '64 workers: primary CPU per connection',
      unit: 'µs',
      what: 'The same samples: the primary alone.',
      value: (sample) => sample.cpu.primary,
      against: 'few',
      basis: '4 workers',
      wanted: { atMost: 1.2 },
    },
  ],
};
