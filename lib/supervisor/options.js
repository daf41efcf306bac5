'use strict';

// The options of `cluster.supervise`, checked.

const { availableParallelism } = require('node:os');
const { Array, Math, Object, arrays, isInteger } = require('../primordials.js');
const { LONGEST_DELAY } = require('../clock.js');
const errors = require('../errors.js');

const LEAST_MEMORY = 32 * 1024 * 1024; // No worker gets by with less.

const isCount = (least) => ({
  isRight: (value) => isInteger(value) && value >= least,
  what: `a whole number >= ${least}`,
});
const isTime = (least) => ({
  isRight: (value) => isInteger(value) && value >= least && value <= LONGEST_DELAY,
  what: `a whole number of milliseconds >= ${least} && <= ${LONGEST_DELAY}`,
});
const isSize = (value) => value === 'max' || isCount(1).isRight(value);
const isRange = (value) => {
  if (value === null || typeof value !== 'object') return false;
  const { min, max, ...others } = value;
  const areSizes = isCount(1).isRight(min) && isSize(max) && Object.keys(others).length === 0;
  return areSizes && (max === 'max' || min <= max);
};
const isBoolean = { types: ['boolean'] };

// What a program can be told to end with: signals that it can handle, and that Node has no use for.
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2'];
const isStopSignal = (value) => arrays.includes(STOP_SIGNALS, value);

// Those that can have the workers reloaded.
const RELOAD_SIGNALS = ['SIGHUP', 'SIGUSR2'];
const areReloadSignals = (value) =>
  Array.isArray(value) && arrays.every(value, (one) => arrays.includes(RELOAD_SIGNALS, one));

// What each is if it is not given, and when it is right. Times are in milliseconds, memory is in bytes; 0 means never.
const OPTIONS = {
  workers: {
    default: 'max',
    isRight: (value) => isSize(value) || isRange(value),
    what: "'max' or a whole number >= 1, or { min, max } with min <= max",
  },
  scaleDownAfter: { default: 60_000, ...isTime(0) },
  admin: {
    default: undefined,
    types: ['number', 'string'],
    isRight: (value) => require('./admin.js').parseAddress(value) !== undefined,
    what: "a port, 'HOST:PORT' with an IP address, or the path of a Unix socket with a / in it",
  },
  env: { default: undefined, types: ['object', 'function'] },
  waitReady: { default: false, ...isBoolean },
  readyAfter: { default: 0, ...isTime(0) },
  startTimeout: { default: 30_000, ...isTime(1) },
  step: { default: 1, ...isCount(1) },
  // With the time until SIGKILL it fits into the ten seconds that containers are given to stop.
  gracePeriod: { default: 7000, ...isTime(0) },
  stopSignal: { default: undefined, isRight: isStopSignal, what: `one of ${arrays.join(STOP_SIGNALS, ', ')}` },
  stopMessage: { default: undefined, types: ['string'] },
  killTimeout: { default: 2000, ...isTime(0) },
  lameDuck: { default: 0, ...isTime(0) },
  finishWithoutPrimary: { default: false, ...isBoolean },
  minDelay: { default: 100, ...isTime(0) },
  maxDelay: { default: 15_000, ...isTime(0) },
  maxDeaths: { default: 10, ...isCount(1) },
  deathsWithin: { default: 60_000, ...isTime(1) },
  exitOnGiveUp: { default: false, ...isBoolean },
  hangTimeout: { default: 0, ...isTime(0) },
  replaceHung: { default: false, ...isBoolean },
  hangReport: { default: false, ...isBoolean },
  illTimeout: { default: 0, ...isTime(0) },
  maxMemory: {
    default: 0,
    isRight: (value) => value === 0 || isCount(LEAST_MEMORY).isRight(value),
    what: `0, or a whole number of bytes >= ${LEAST_MEMORY}`,
  },
  maxAge: { default: 0, ...isTime(0) },
  maxRequests: { default: 0, ...isCount(0) },
  rebalance: { default: undefined, ...isBoolean },
  spares: { default: 0, ...isCount(0) },
  signals: { default: true, ...isBoolean },
  reloadSignals: {
    default: undefined,
    isRight: areReloadSignals,
    what: `a list of ${arrays.join(RELOAD_SIGNALS, ', ')}`,
  },
};

/**
 * How many workers there may be by what `workers` says; a number is a range of one. With `'max'` there is one for each core,
 * where there are that many.
 * @param {number | 'max' | { min: number, max: number | 'max' }} workers
 * @returns {{ min: number, max: number }}
 */
function rangeOf(workers) {
  const { isRight, what } = OPTIONS.workers;
  if (!isRight(workers)) throw errors.outOfRange('options.workers', what, workers);
  const { min = workers, max = workers } = workers;
  const cores = availableParallelism();
  return min === 'max' ? { min: cores, max: cores } : { min, max: max === 'max' ? Math.max(min, cores) : max };
}

/**
 * @param {object} [given]
 * @returns {object} all options, with `range` as {@link rangeOf} gives it, and `workers`, its least, as a number
 * @throws {TypeError | RangeError} that names the option and says what is right
 */
function readOptions(given = {}) {
  if (given === null || typeof given !== 'object') throw errors.invalidArgument('options', 'of type object', given);
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(OPTIONS, name)) throw errors.unknownProperty(`options.${name}`, Object.keys(OPTIONS));
  }
  const options = {};
  for (const [name, { default: usual, isRight, types, what }] of Object.entries(OPTIONS)) {
    const value = given[name] ?? usual;
    options[name] = value;
    if (value === undefined) continue;
    if (types && !arrays.includes(types, typeof value)) {
      throw errors.invalidArgument(`options.${name}`, `of type ${arrays.join(types, ' or ')}`, value);
    }
    if (isRight && !isRight(value)) throw errors.outOfRange(`options.${name}`, what, value);
  }
  if (options.hangReport && options.hangTimeout === 0) throw errors.hangReportAlone();
  options.range = rangeOf(options.workers);
  options.workers = options.range.min;
  return options;
}

module.exports = { LEAST_MEMORY, RELOAD_SIGNALS, STOP_SIGNALS, isRange, rangeOf, readOptions };
