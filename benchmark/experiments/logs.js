'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { load } = require('../load.js');
const { freePort, ways, withProgram } = require('../program.js');
const { cpuEach } = require('./http.js');

/** How long the last lines may take, in milliseconds. */
const PATIENCE = 5000;

const LINE = /^\S+Z GET \/ 200, request \d+ of process \d+$/;

/** The lines of a file that are whole, and how many are not. */
function linesOf(file) {
  const lines = fs.readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const whole = lines.filter((line) => LINE.test(line)).length;
  return { whole, torn: lines.length - whole };
}

async function sample(way) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cluster-rs-'));
  const log = path.join(folder, 'log');
  const port = await freePort();
  try {
    return await withProgram(['logs', way, { workers: 2, port, log, inherits: way.inherits }], async (program) => {
      const { requests: warm } = await load({ port, seconds: 1, keepAlive: true, clients: 64 });
      const before = program.cpu();
      const made = await load({ port, seconds: 2, keepAlive: true, clients: 64 });
      const after = program.cpu();
      const printed = warm + made.requests;
      for (const end = Date.now() + PATIENCE; linesOf(log).whole < printed && Date.now() < end;) await delay(50);
      const { whole, torn } = linesOf(log);
      return {
        perSecond: made.requests / made.seconds,
        cpu: cpuEach(before, after, made.requests),
        missing: Math.max(0, printed - whole) + torn,
      };
    });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = {
  name: 'logs',
  operation: 'request',
  ways: {
    ours: { ...ways.ours, name: 'cluster-rs app.js' },
    inherited: { ...ways.ours, name: 'workers that have inherited the file', inherits: true },
  },
  sample,
  rows: [
    {
      name: 'requests with a line each, through the command',
      unit: '/s',
      what: 'HTTP requests of 64 clients, each with one connection, to two workers that print a line for each into a file; compared with workers that have inherited the file, and of whose lines nobody knows.',
      value: (sample) => sample.perSecond,
      against: 'inherited',
      basis: 'inherited',
      wanted: { atLeast: 0.95 },
    },
    {
      name: 'lines that are lost or torn',
      unit: '',
      what: 'The same samples.',
      value: (sample) => sample.missing,
      against: 'inherited',
      by: 'value',
      wanted: { atMost: 0 },
    },
  ],
};
