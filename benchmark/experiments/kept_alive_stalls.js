'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { freePort, ways, withProgram } = require('../program.js');
const { cpuEach } = require('./http.js');

const { rebalanced, builtin } = ways;
const client = path.join(__dirname, '..', 'open_loop.js');

/** Measures an open loop of 30 kept-alive clients with 20 requests a second each, on three workers. */
async function sample(way, { seconds, skip, slow, ...program }) {
  const port = await freePort();
  return withProgram(['http', way, { workers: 3, port, ...program }], async (running) => {
    const before = running.cpu();
    const told = JSON.stringify({ port, clients: 30, rate: 20, seconds, skip, slow });
    const { stdout } = await promisify(execFile)(process.execPath, [client, told]);
    const made = JSON.parse(stdout);
    if (made.errors > 0) console.warn(`\n${made.errors} requests have failed: ${way.name}`);
    return { ...made, cpu: cpuEach(before, running.cpu(), made.requests) };
  });
}

const experiment = (name, load, rows) => ({
  name,
  operation: 'request',
  ways: { ours: rebalanced, builtin },
  sample: (way) => sample(way, load),
  rows,
});

const CLIENTS = '30 kept-alive clients ask 20 times a second each; times are from when a request was due';

module.exports = [
  experiment('kept-alive-busy-worker', { seconds: 7, skip: 2, busyWorker: { work: 500, period: 510 } }, [
    {
      name: 'kept alive: 99th percentile with one of 3 workers busy',
      unit: 'ms',
      what: `${CLIENTS}, from 2 s after JavaScript began to keep one of three workers busy 500 of every 510 ms.`,
      value: ({ p99 }) => p99,
      by: 'value',
      wanted: { atMost: 60 },
    },
  ]),
  experiment('kept-alive-stalls', { seconds: 8, skip: 2, stalls: { work: 300, period: 2000 } }, [
    {
      name: 'kept alive: 95th percentile, each of 3 workers stuck in turn',
      unit: 'ms',
      what: `${CLIENTS}, while each worker is stuck for 300 ms once in 2 s, one after the other.`,
      value: ({ p95 }) => p95,
      wanted: { atMost: 0.3 },
    },
  ]),
  experiment('kept-alive-slow-requests', { seconds: 8, skip: 2, slow: { path: '/slow', rate: 3 } }, [
    {
      name: 'kept alive: 95th percentile beside slow requests',
      unit: 'ms',
      what: `${CLIENTS}, and three more a second that need 200 ms of CPU time, which are not counted.`,
      value: ({ p95 }) => p95,
      by: 'value',
      wanted: { atMost: 15 },
    },
    {
      name: 'kept alive: 99th percentile beside slow requests',
      unit: 'ms',
      what: 'The same samples.',
      value: ({ p99 }) => p99,
      wanted: { atMost: 0.5 },
    },
  ]),
];
