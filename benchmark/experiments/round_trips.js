'use strict';

const fs = require('node:fs');
const { ways } = require('../program.js');
const { repeated } = require('./messages.js');

const { ours, builtin } = ways;

// The last core that this process may be on: the first has more interrupts.
const [, core] = fs.readFileSync('/proc/self/status', 'latin1').match(/^Cpus_allowed_list:.*?(\d+)$/m);

const ROUND_TRIPS = 30_000;

module.exports = {
  name: 'round-trips',
  operation: 'round trip',
  ways: { ours, builtin },
  sample: (way) =>
    repeated(['round_trips', way, { bytes: 64, roundTrips: ROUND_TRIPS, warmUp: 5000 }, { core }], ROUND_TRIPS),
  rows: [
    {
      name: 'CPU per round trip, both ends on one core',
      unit: 'µs',
      what: 'A message of about 64 bytes goes to the worker and back, and only then the next one. CPU time of both ends.',
      value: (sample) => sample.cpu.primary + sample.cpu.workers,
      wanted: { atMost: 0.8 },
    },
  ],
};
