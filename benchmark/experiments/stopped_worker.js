'use strict';

const http = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');
const { freePort, ways, withProgram } = require('../program.js');
const { cpuEach } = require('./http.js');

const { ours, builtin } = ways;
const REQUESTS = 20;

// How long the worker stays stopped, and how long a client then waits, in milliseconds.
const STOPPED = 300;
const PATIENCE = 1500;

/** Asks so many times at once. `answered` counts up; `end` gives up the rest. */
function askTogether(port, times) {
  const asked = { answered: 0 };
  const requests = Array.from({ length: times }, () =>
    http
      .get({ host: '127.0.0.1', port, agent: false }, (response) => {
        response.resume().on('end', () => asked.answered++);
      })
      .on('error', () => {}),
  );
  asked.end = () => requests.forEach((request) => request.destroy());
  return asked;
}

async function sample(way) {
  const port = await freePort();
  return withProgram(['http', way, { workers: 2, port }], async (program) => {
    const [stopped] = program.workers;
    const before = program.cpu();
    process.kill(stopped, 'SIGSTOP');
    const asked = askTogether(port, REQUESTS);
    await delay(STOPPED);
    const cpu = cpuEach(before, program.cpu(), REQUESTS);
    program.killWorker(stopped);
    const end = Date.now() + PATIENCE;
    while (asked.answered < REQUESTS && Date.now() < end) await delay(10);
    asked.end();
    return { answered: asked.answered, cpu };
  });
}

module.exports = {
  name: 'stopped-worker',
  operation: 'request',
  ways: { ours, builtin },
  sample,
  rows: [
    {
      name: `answers to ${REQUESTS} requests, one of 2 workers stopped, then killed`,
      unit: '',
      what: `The worker gets SIGSTOP, ${REQUESTS} clients ask, ${STOPPED} ms later it gets SIGKILL. The rest hang for ever.`,
      value: (taken) => taken.answered,
      by: 'value',
      wanted: { atLeast: REQUESTS },
    },
  ],
};
