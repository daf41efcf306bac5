'use strict';

const { ways, withProgram } = require('../program.js');
const { each } = require('./messages.js');

const { ours, builtin } = ways;
const WORKERS = 8;

function sample({ loop, ...way }) {
  const options = { loop, workers: WORKERS, bytes: 1024, milliseconds: 1000 };
  return withProgram(['broadcast', way, options], async (program, { can }) => {
    if (!loop && !can) return undefined;
    const { broadcasts, seconds, cpu } = await program.next();
    return { perSecond: broadcasts / seconds, cpu: each(cpu, broadcasts) };
  });
}

module.exports = {
  name: 'broadcast',
  operation: 'broadcast',
  absent: 'cluster.broadcast, which this version does not have',
  ways: {
    ours: { ...ours, name: 'cluster-rs, cluster.broadcast' },
    loop: { ...ours, name: 'cluster-rs, a loop of send', loop: true },
    builtin: { ...builtin, name: 'built-in, a loop of send', loop: true },
  },
  sample,
  rows: [
    {
      name: `broadcasts of 1 KB to ${WORKERS} workers`,
      unit: '/s',
      what: '`cluster.broadcast`, as fast as the workers take them; compared with a loop of `send` in the built-in module.',
      value: (taken) => taken.perSecond,
      wanted: { atLeast: 8 },
    },
    {
      name: `primary CPU for such a broadcast`,
      unit: 'µs',
      what: 'The same samples.',
      value: (taken) => taken.cpu.primary,
    },
  ],
};
