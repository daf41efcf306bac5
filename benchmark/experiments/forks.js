'use strict';

const { median } = require('../measure.js');
const { ways, withProgram } = require('../program.js');

const { ours, builtin } = ways;
const HEAP_MEGABYTES = 1024;

const blocked = (sample) => sample.blocked;

function sample(way) {
  const nodeArguments = way.heapMegabytes > 0 ? ['--max-old-space-size=4096'] : [];
  const options = { forks: 9, heapMegabytes: way.heapMegabytes };
  return withProgram(['forks', way, options, { nodeArguments }], async (program) => {
    const { forks } = await program.next();
    const over = (figure) => median(forks.map(figure));
    return {
      blocked: over((fork) => fork.blocked),
      online: over((fork) => fork.online),
      cpu: { primary: over((fork) => fork.cpu.primary), workers: over((fork) => fork.cpu.workers) },
    };
  });
}

module.exports = {
  name: 'forks',
  operation: 'fork',
  ways: {
    ours: { ...ours, heapMegabytes: 0 },
    builtin: { ...builtin, heapMegabytes: 0 },
    oursLarge: { ...ours, name: 'cluster-rs, heap of 1 GB', heapMegabytes: HEAP_MEGABYTES },
    builtinLarge: { ...builtin, name: 'built-in, heap of 1 GB', heapMegabytes: HEAP_MEGABYTES },
  },
  sample,
  rows: [
    {
      name: 'time that fork() blocks the primary',
      unit: 'ms',
      what: 'From the call of `cluster.fork()` to its return; the median of nine workers, one after the other.',
      value: blocked,
      wanted: { atMost: 0.35 },
    },
    {
      name: 'the same with a heap of 1 GB',
      unit: 'ms',
      what: 'The primary holds 1 GB of JavaScript objects; compared with a small heap. It should take no longer: 1.1 allows for noise.',
      value: blocked,
      columns: { ours: 'oursLarge', builtin: 'builtinLarge' },
      against: 'ours',
      basis: 'small heap',
      wanted: { atMost: 1.1 },
    },
    {
      name: 'fork to online',
      unit: 'ms',
      what: 'From the call of `cluster.fork()` to the event `online`.',
      value: (taken) => taken.online,
      wanted: { atMost: 1.05 },
    },
  ],
};
