'use strict';

// What can be said about a program that is run: on the command line, or in a file. Each setting is checked here,
// wherever it comes from.

const { KEYS, parse: parsePolicy } = require('../primary/scheduling.js');
const { parseAddress } = require('../supervisor/admin.js');
const { LONGEST_DELAY } = require('../clock.js');
const { LEAST_MEMORY, RELOAD_SIGNALS, STOP_SIGNALS, isRange } = require('../supervisor/options.js');
const { Failure, USAGE, suggestion } = require('./failure.js');
const { NAME } = require('./runtime_folder.js');
const { parseSize, parseTime } = require('./units.js');

const isScalar = (value) => ['string', 'number', 'boolean'].includes(typeof value);
const count = (least) => ({
  read: (value) => (isScalar(value) && /^\d+$/.test(value) && Number(value) >= least ? Number(value) : undefined),
  what: `a whole number of at least ${least}`,
});
const number = (value) => (Number.isInteger(value) && value >= 0 ? value : undefined);
const between = (value, least, most) => (value >= least && value <= most ? value : undefined);
const timeFrom = (least) => ({
  read: (value) => between(number(value) ?? parseTime(String(value)), least, LONGEST_DELAY),
  what: 'a time such as 250ms, 10s, 5m or 1h, up to 596h',
});
const time = timeFrom(0);
const size = {
  read: (value) => (value === 0 ? 0 : between(number(value) ?? parseSize(String(value)), LEAST_MEMORY, Infinity)),
  what: 'a size such as 300M or 1G, at least 32M',
};
const text = { read: (value) => (typeof value === 'string' && value !== '' ? value : undefined), what: 'a text' };
const isList = (value) => Array.isArray(value) && value.every(isScalar);
const flag = { read: (value) => (typeof value === 'boolean' ? value : undefined), what: 'true or false', isFlag: true };

/** A number of workers, or `2..8` and `2..max`, in which it follows the load; in a file, `{ min, max }` as well. */
function readWorkers(value) {
  const [, least, most] = /^(\d+)\.\.(\d+|max)$/.exec(isScalar(value) ? value : '') ?? [];
  const range = least === undefined ? value : { min: Number(least), max: most === 'max' ? most : Number(most) };
  if (isRange(range)) return { min: range.min, max: range.max };
  return value === 'max' ? value : count(1).read(value);
}

function readReloadSignals(value) {
  if (value === 'none') return [];
  const signals = typeof value === 'string' ? value.split(',') : value;
  return isList(signals) && signals.every((signal) => RELOAD_SIGNALS.includes(signal)) ? signals : undefined;
}

// By their names in files. On the command line `maxMemory` is `--max-memory`.
const SETTINGS = {
  workers: {
    read: readWorkers,
    what: 'max, a whole number of at least 1, or a range such as 2..8 or 2..max',
    short: 'w',
  },
  scaleDownAfter: time,
  policy: {
    read: (value) => (typeof value === 'string' && parsePolicy(value) ? value : undefined),
    what: `rr, least, none, sticky, or sticky:KEY where KEY is one of ${KEYS.join(', ')}`,
  },
  rebalance: {
    read: (value) => ({ on: true, off: false, true: true, false: false })[value],
    what: 'on or off',
  },
  maxWait: time,
  grace: time,
  killTimeout: time,
  stopSignal: {
    read: (value) => STOP_SIGNALS.find((signal) => signal === value),
    what: `one of ${STOP_SIGNALS.join(', ')}`,
  },
  stopMessage: text,
  lameDuck: time,
  finishWithoutPrimary: flag,
  reloadSignals: {
    read: readReloadSignals,
    what: `none, or ${RELOAD_SIGNALS.join(' or ')}, or both with a comma between`,
  },
  spares: count(0),
  maxMemory: size,
  maxAge: time,
  maxRequests: count(0),
  hangTimeout: time,
  hangReport: flag,
  illTimeout: time,
  waitReady: flag,
  readyAfter: time,
  startTimeout: timeFrom(1),
  minDelay: time,
  maxDelay: time,
  maxDeaths: count(1),
  deathsWithin: timeFrom(1),
  name: {
    read: (value) => (typeof value === 'string' && NAME.test(value) ? value : undefined),
    what: 'letters, digits, dots, dashes and underscores',
  },
  admin: {
    read: (value) => (['number', 'string'].includes(typeof value) && parseAddress(value) ? value : undefined),
    what: 'a port, HOST:PORT with an IP address, or the path of a Unix socket with a / in it',
  },
  primary: text,
  prefix: flag,
  watch: flag,
  nodeArgs: {
    read: (value) => (isList(value) ? value.map(String) : text.read(value)?.split(/\s+/).filter(Boolean)),
    what: 'a text, or a list of texts',
  },
};

const isEnvironment = (value) =>
  value?.constructor === Object && Object.values(value).every((text) => isScalar(text) && !`${text}`.includes('\0'));

// These are only in files: on the command line they have places of their own.
const FILE_ONLY = {
  app: text,
  args: {
    read: (value) => (isList(value) ? value.map(String) : undefined),
    what: 'a list of texts',
  },
  env: { read: (value) => (isEnvironment(value) ? value : undefined), what: 'an object of variables' },
};

const toOption = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function read(setting, value, label) {
  const found = setting.read(value);
  if (found !== undefined) return found;
  throw new Failure(`${label} must be ${setting.what}, not ${JSON.stringify(value)}`, USAGE);
}

/** The settings among parsed options of the command line. */
function fromOptions(options) {
  const settings = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const value = options[toOption(name)];
    if (value !== undefined) settings[name] = read(setting, value, `--${toOption(name)}`);
  }
  return settings;
}

/**
 * The settings of a file.
 * @param {unknown} content
 * @param {string} where for errors
 */
function fromFile(content, where) {
  const known = { ...FILE_ONLY, ...SETTINGS };
  if (content === null || typeof content !== 'object' || Array.isArray(content))
    throw new Failure(`missing settings: ${where} must be an object`, USAGE);
  const settings = {};
  for (const [name, value] of Object.entries(content)) {
    if (!Object.hasOwn(known, name)) {
      throw new Failure(`unknown setting in ${where}: ${name}${suggestion(name, Object.keys(known))}`, USAGE);
    }
    settings[name] = read(known[name], value, `${name} in ${where}`);
  }
  return settings;
}

module.exports = { SETTINGS, fromFile, fromOptions, readWorkers, toOption };
