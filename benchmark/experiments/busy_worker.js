'use strict';

const { ways } = require('../program.js');
const { underLoad } = require('./http.js');

const { ours, builtin } = ways;
const busyWorker = { work: 500, period: 510 };

module.exports = {
  name: 'busy-worker',
  operation: 'connection',
  ways: { ours, builtin },
  sample: (way) => underLoad(way, { workers: 3, seconds: 3, clients: 30, busy: { busyWorker } }),
  rows: [
    {
      name: '99th percentile with one of 3 workers busy',
      unit: 'ms',
      what: 'Requests of 30 clients, each on a connection of its own, while JavaScript keeps one of three workers busy 500 of every 510 ms. While a client waits, the requests that it would have made count as waiting too (wrk does that).',
      value: (sample) => sample.p99,
      by: 'value',
      wanted: { atMost: 60 },
    },
  ],
};
