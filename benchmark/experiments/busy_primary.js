'use strict';

const { ways, withProgram } = require('../program.js');
const { underLoad } = require('./http.js');

const busy = { work: 200, period: 210 };
const { ours, builtin } = ways;

const perSecond = (sample) => sample.perSecond;

function sample(way) {
  const load = { workers: 2, seconds: 2, clients: 64, busy: { busyPrimary: way.isBusy ? busy : undefined } };
  if (!way.hasRival) return underLoad(way, load);
  return withProgram(['busy', builtin, busy], () => underLoad(way, load));
}

module.exports = {
  name: 'busy-primary',
  operation: 'connection',
  ways: {
    ours: { ...ours, name: 'cluster-rs, busy primary', isBusy: true },
    builtin: { ...builtin, name: 'built-in, busy primary', isBusy: true },
    idle: { ...ours, name: 'cluster-rs, idle primary' },
    rival: { ...ours, name: 'cluster-rs, idle primary beside a busy process', hasRival: true },
  },
  sample,
  rows: [
    {
      name: 'new connections while the primary is busy',
      unit: '/s',
      what: 'As above, while JavaScript keeps the primary busy 200 of every 210 ms; compared with an idle primary.',
      value: perSecond,
      against: 'idle',
      basis: 'idle',
      wanted: { atLeast: 0.9 },
    },
    {
      name: 'the same, with as many cores left when idle',
      unit: '/s',
      what: 'A busy primary uses a core, which workers and clients may miss. Here an idle one has a process beside it that is as busy.',
      value: perSecond,
      against: 'rival',
      basis: 'idle beside a busy process',
      wanted: { atLeast: 0.9 },
    },
  ],
};
