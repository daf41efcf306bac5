'use strict';

const { ways } = require('../program.js');
const { underLoad } = require('./http.js');

const { rebalanced, builtin } = ways;

module.exports = {
  name: 'kept-alive',
  operation: 'request',
  ways: { ours: rebalanced, builtin },
  sample: (way) => underLoad(way, { workers: 2, seconds: 2, clients: 64, keepAlive: true }),
  rows: [
    {
      name: 'requests on kept-alive connections, 2 workers',
      unit: '/s',
      what: 'HTTP requests of 64 clients, each with one connection for all of them.',
      value: (sample) => sample.perSecond,
      wanted: { atLeast: 0.98 },
    },
  ],
};
