'use strict';

const { ways } = require('../program.js');
const { repeated } = require('./messages.js');

const { ours, builtin } = ways;

module.exports = {
  name: 'echo',
  operation: 'echo',
  ways: { ours, builtin },
  sample: (way) => {
    const echoes = 100_000;
    return repeated(['echo', way, { workers: 4, together: 10, echoes, warmUp: 10_000 }], echoes);
  },
  rows: [
    {
      name: 'echoes of 4 workers',
      unit: '/s',
      what: 'Ten small objects to each of 4 workers, which send them back; the next ten when all have come.',
      value: (sample) => sample.perSecond,
      wanted: { atLeast: 1 },
    },
  ],
};
