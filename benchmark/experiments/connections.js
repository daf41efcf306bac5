'use strict';

const { hasReusePort, ways } = require('../program.js');
const { underLoad } = require('./http.js');

const { ours, builtin, none, reusePort } = ways;

// So many that no process waits for them: it is to be seen how much the servers can do.
const CLIENTS = 256;

const perSecond = (sample) => sample.perSecond;

module.exports = {
  name: 'connections',
  operation: 'connection',
  ways: { ours, builtin, none, ...(hasReusePort() && { reusePort }) },
  sample: (way) => underLoad(way, { workers: 2, seconds: 2, clients: CLIENTS }),
  rows: [
    {
      name: 'new connections, 2 workers',
      unit: '/s',
      what: `HTTP requests of ${CLIENTS} clients, each on a connection of its own.`,
      value: perSecond,
      wanted: { atLeast: 1.6 },
    },
    {
      name: 'the same, against SCHED_NONE',
      unit: '/s',
      what: 'The same samples: here the built-in module leaves it to the kernel which worker has a connection.',
      value: perSecond,
      against: 'none',
      wanted: { atLeast: 0.95 },
    },
    {
      name: 'primary CPU per connection',
      unit: 'µs',
      what: 'The same samples: CPU time of the whole primary process.',
      value: (sample) => sample.cpu.primary,
      wanted: { atMost: 0.3 },
    },
    {
      name: 'worker CPU per connection, above SCHED_NONE',
      unit: 'µs',
      what: 'The same samples: CPU time that the two workers use more than with `SCHED_NONE`, where nobody hands them connections.',
      value: (sample, round) => sample.cpu.workers - round.none.cpu.workers,
      columns: { none: undefined, reusePort: undefined },
      wanted: { atMost: 0.25 },
    },
  ],
};
