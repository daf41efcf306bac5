'use strict';

const http = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');
const { freePort, ways, withProgram } = require('../program.js');

const { ours } = ways;

const MOST = 8;

// Requests a second before the step and after it; each takes a worker 20 ms, so that is 0.4 and 4 workers' work.
const BEFORE = 20;
const AFTER = 200;

// How long there is little load before the step, and when after it requests are counted: those that are due after SETTLED and
// before OVER; in milliseconds.
const CALM = 3000;
const SETTLED = 2000;
const OVER = 4000;

/** Asks on a connection of its own; gives when that was due, and how long it took from then on, in milliseconds. */
function ask(port, due) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => resolve({ due, time: Date.now() - due }));
    });
    request.on('error', reject);
  });
}

/** Asks at random moments, so many times a second on average, whether there are answers or not, until `end`; gives all that was asked. */
async function askUntil(end, rate, port) {
  const asked = [];
  let next = Date.now();
  while (Date.now() < end) {
    for (; next <= Date.now(); next -= (Math.log(1 - Math.random()) * 1000) / rate) asked.push(ask(port, next));
    await delay(1);
  }
  return Promise.all(asked);
}

/** When the last worker came, in milliseconds since the epoch. */
async function whenFull(program) {
  for (;;) {
    const { at, size } = await program.next();
    if (size === MOST) return at;
  }
}

async function sample(way) {
  const port = await freePort();
  return withProgram(['scaling', way, { workers: way.workers, spares: way.spares, port }], async (program) => {
    await askUntil(Date.now() + CALM, BEFORE, port);
    const begun = Date.now();
    let full;
    if (way.spares > 0) whenFull(program).then((at) => (full = at));
    const asked = await askUntil(begun + OVER, AFTER, port);
    if (way.spares > 0 && full === undefined) throw new Error(`there are fewer than ${MOST} workers after ${OVER} ms`);
    const times = asked.filter(({ due }) => due >= begun + SETTLED).map(({ time }) => time);
    times.sort((a, b) => a - b);
    return { full: full - begun, p99: times[Math.floor(times.length * 0.99)] };
  });
}

const STEP = `New connections, ${BEFORE} and then at once ${AFTER} a second, each of which blocks its worker for 20 ms; 2 to ${MOST} workers with ${MOST - 2} spares.`;

module.exports = {
  name: 'scaling',
  ways: {
    ours: { ...ours, workers: { min: 2, max: MOST }, spares: MOST - 2 },
    fixed: { ...ours, name: `cluster-rs, ${MOST} workers`, workers: MOST, spares: 0 },
  },
  sample,
  rows: [
    {
      name: `ten times the load: until there are ${MOST} workers`,
      unit: 'ms',
      what: STEP,
      value: ({ full }) => full,
      by: 'value',
      wanted: { atMost: 1000 },
    },
    {
      name: 'the same: 99th percentile from 2 s after the step on',
      unit: 'ms',
      what: `Of requests that were due in the 2 s from then on, in the same samples; compared with ${MOST} workers all the time.`,
      value: ({ p99 }) => p99,
      against: 'fixed',
      basis: `always ${MOST}`,
    },
  ],
};
