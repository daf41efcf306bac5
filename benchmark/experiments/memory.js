'use strict';

const { setTimeout: delay } = require('node:timers/promises');
const { freePort, ways, withProgram } = require('../program.js');

const { ours, builtin } = ways;

async function sample(way) {
  const port = await freePort();
  return withProgram(['http', way, { workers: 2, port }], async (program) => {
    await delay(500);
    return { memory: program.memory(), cpu: program.cpu() };
  });
}

const megabytes = (bytes) => bytes / 1024 / 1024;

module.exports = {
  name: 'memory',
  operation: 'start with 2 workers',
  ways: { ours, builtin },
  sample,
  rows: [
    {
      name: 'resident memory of the primary',
      unit: 'MB',
      what: 'Half a second after the start, with two workers that have an HTTP server; compared by difference.',
      value: (taken) => megabytes(taken.memory.primary.resident),
      by: 'difference',
      wanted: { atMost: 6 },
    },
    {
      name: 'resident memory of a worker',
      unit: 'MB',
      what: 'The same samples.',
      value: (taken) => megabytes(taken.memory.worker.resident),
      by: 'difference',
      wanted: { atMost: 3 },
    },
    {
      name: 'of these, the primary alone has',
      unit: 'MB',
      what: "Without the pages that it shares with others, above all those of Node's own file.",
      value: (taken) => megabytes(taken.memory.primary.own),
      by: 'difference',
    },
    {
      name: 'of these, a worker alone has',
      unit: 'MB',
      what: 'The same for a worker.',
      value: (taken) => megabytes(taken.memory.worker.own),
      by: 'difference',
    },
  ],
};
