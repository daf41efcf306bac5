'use strict';

// Whether a worker says of itself that it is well.

const { Promise, clearTimeout, setTimeout } = require('../primordials.js');
const { LONGEST_DELAY } = require('../clock.js');
const errors = require('../errors.js');
const { HEALTH, ask } = require('../channel/requests.js');

const USUAL = 5000; // how long a check may take, and how long after one the next one follows

let checking; // the check that counts, of all that a program has given

const isTime = (value) => typeof value === 'number' && value > 0 && value <= LONGEST_DELAY;

/**
 * `cluster.worker.health`: has a worker checked again and again. It is ill while `check` throws, rejects, gives `false` or does
 * not answer in time.
 * @param {import('../worker_class.js').Worker} worker `cluster.worker`
 * @param {() => unknown} check may give a promise
 * @param {object} [options]
 * @param {number} [options.interval] how long after a check the next one follows, in milliseconds
 * @param {number} [options.timeout] how long a check may take, in milliseconds
 * @throws {TypeError | RangeError} for what is none of these
 */
function health(worker, check, options = {}) {
  if (typeof check !== 'function') throw errors.invalidArgument('check', 'of type function', check);
  if (options === null || typeof options !== 'object')
    throw errors.invalidArgument('options', 'of type object', options);
  const { interval = USUAL, timeout = USUAL } = options;
  for (const [name, value] of [
    ['interval', interval],
    ['timeout', timeout],
  ]) {
    if (typeof value !== 'number') throw errors.invalidOption(`options.${name}`, 'of type number', value);
    if (!isTime(value))
      throw errors.outOfRange(`options.${name}`, 'a number of milliseconds > 0 && < 2147483648', value);
  }
  const isFirst = checking === undefined;
  checking = check;
  if (isFirst) tell(worker, null);
  watch(worker, check, interval, timeout);
}

/** Tells the primary (`Health` in `lib/primary/health.js`) why this worker is ill, `''` if it is well, and `null` if nobody knows yet. */
function tell(worker, ill) {
  ask(worker, HEALTH, ill).catch(() => {}); // The primary may be gone.
}

async function watch(worker, check, interval, timeout) {
  let told;
  const say = (ill) => {
    if (ill === told || checking !== check) return;
    told = ill;
    tell(worker, ill);
  };
  while (checking === check) {
    const answer = diagnose(check);
    const timer = setTimeout(() => say(`no answer of the health check within ${timeout} ms`), timeout).unref();
    const ill = await answer;
    clearTimeout(timer);
    say(ill);
    await new Promise((resolve) => setTimeout(resolve, interval).unref());
  }
}

/** Why the worker is ill; `''` if it is well. */
async function diagnose(check) {
  try {
    return (await check()) === false ? 'the health check has given false' : '';
  } catch (error) {
    return `${error?.message ?? error}` || 'the health check has failed';
  }
}

module.exports = { health };
