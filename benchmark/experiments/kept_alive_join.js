'use strict';

const { setTimeout: delay } = require('node:timers/promises');
const { load } = require('../load.js');
const { freePort, ways, withProgram } = require('../program.js');
const { cpuEach } = require('./http.js');

const { rebalanced, builtin } = ways;

async function sample(way) {
  const port = await freePort();
  return withProgram(['http', way, { workers: 2, port }], async (program) => {
    const before = program.cpu();
    const loading = load({ port, seconds: 5, keepAlive: true, clients: 200 });
    await delay(1500);
    process.kill(program.pid, 'SIGUSR2'); // Forks another one.
    const { connections } = await program.next();
    const made = await loading;
    const total = connections.reduce((sum, number) => sum + number, 0);
    const share = connections.at(-1) / (total / connections.length);
    return { share, cpu: cpuEach(before, program.cpu(), made.requests) };
  });
}

module.exports = {
  name: 'kept-alive-join',
  operation: 'request',
  ways: { ours: rebalanced, builtin },
  sample,
  rows: [
    {
      name: 'kept alive: share of a worker that joins',
      unit: '',
      what: 'A third worker joins two with 200 kept-alive clients: its connections after 2 s, as part of its fair share.',
      value: ({ share }) => share,
      by: 'value',
      wanted: { atLeast: 0.7 },
    },
  ],
};
