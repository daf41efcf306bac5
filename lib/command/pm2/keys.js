'use strict';

// What each key of an application in PM2's file means here. They are PM2's own, with the other names that it has for them
// (`lib/API/schema.json` there). A key sets something, or is of no effect here, or is an error that says what to do instead.

const { LONGEST_DELAY } = require('../../clock.js');
const { Failure, USAGE } = require('../failure.js');
const { parseSize, parseTime } = require('../units.js');

// What the function of a key returns that has done nothing.
const NO_EFFECT = 'no effect';

/** A whole number, also as a text; `undefined` if it is none. */
const toNumber = (value) => (/^-?\d+$/.test(`${value}`) ? Number(value) : undefined);

/** Arguments as a list, or in one text, in which quotes may hold some together. */
function toList(value) {
  if (Array.isArray(value)) return value.map(String);
  return [...String(value).matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain,
  );
}

function wrong(name, what, value) {
  return new Failure(`${name} must be ${what}, not ${JSON.stringify(value)}`, USAGE);
}

const text = (set) => (value, app, name) => {
  if (typeof value !== 'string' || value === '') throw wrong(name, 'a text', value);
  set(app, value);
};
const flag = (set) => (value, app, name) => {
  if (typeof value !== 'boolean') throw wrong(name, 'true or false', value);
  set(app, value);
};
const time = (set) => (value, app, name) => {
  const found = toNumber(value) ?? parseTime(String(value));
  if (!(found >= 0 && found <= LONGEST_DELAY)) throw wrong(name, 'a time such as 1600 (milliseconds) or 10s', value);
  set(app, found);
};
const size = (set) => (value, app, name) => {
  const found = toNumber(value) ?? parseSize(String(value).toUpperCase());
  if (found === undefined) throw wrong(name, 'a size such as 300M or 1G', value);
  set(app, found);
};
const list = (set) => (value, app) => set(app, toList(value));

/** A key that changes nothing here, whatever it says. */
const noEffect = () => NO_EFFECT;

/** One that can't be followed, unless it says what is so anyway. */
const instead =
  (remedy, ...harmless) =>
  (value, _, name) => {
    if (!harmless.includes(value))
      throw new Failure(`${name}: ${JSON.stringify(value)} can't be followed here: ${remedy}`, USAGE);
  };

function setInstances(value, app, name) {
  const number = value === 'max' ? 0 : toNumber(value);
  if (number === undefined) throw wrong(name, "a number or 'max'", value);
  // Those below zero leave some cores to others.
  app.settings.workers = number > 0 ? number : number === 0 ? 'max' : Math.max(1, app.cores + number);
}

function setEnv(value, app, name) {
  if (value === null || typeof value !== 'object') throw wrong(name, 'an object of variables', value);
  const toText = (one) => (typeof one === 'object' ? JSON.stringify(one) : String(one));
  for (const [variable, one] of Object.entries(value)) app.variables[variable] = toText(one);
}

function setFilter(value, app, name) {
  if (value === false) return;
  if (value === true) app.inherits = () => false;
  else if (typeof value === 'string') app.inherits = (variable) => variable !== value;
  else if (Array.isArray(value)) app.inherits = (variable) => !value.some((part) => variable.includes(part));
  else throw wrong(name, 'true, a text or a list of texts', value);
}

const AS_SERVICE = 'give the unit of systemd User= and Group=, see cluster-rs unit';
const SHORT_TIME = 'YYYY-MM-DDTHH:mm:ss'; // what `time: true` stands for

const KEYS = {
  __proto__: null,
  // The program
  script: text((app, value) => (app.settings.app = value)),
  name: text((app, value) => (app.settings.name = value)),
  args: list((app, value) => (app.settings.args = value)),
  node_args: list((app, value) => app.settings.nodeArgs.push(...value)),
  cwd: text((app, value) => (app.folder = value)),
  exec_interpreter: instead('cluster-rs runs programs of Node; start others as services of their own', 'node'),
  exec_mode: instead('it must be cluster or fork', 'cluster', 'cluster_mode', 'fork', 'fork_mode'),
  instances: setInstances,
  instance_var: text((app, value) => (app.instanceVariable = value)),
  increment_var: text((app, value) => (app.countedVariable = value)),
  port: (value, app) => (app.port = String(value)), // It counts more than `env`.
  env: setEnv,
  filter_env: setFilter,
  append_env_to_name: flag((app, value) => (app.hasEnvironmentInName = value)),
  source_map_support: flag((app, value) => (app.hasSourceMaps &&= value)),
  disable_source_map_support: flag((app, value) => (app.hasSourceMaps &&= !value)),
  autostart: flag((app, value) => (app.isStarted = value)),
  // Starts and ends
  wait_ready: flag((app, value) => (app.settings.waitReady = value)),
  listen_timeout: time((app, value) => (app.settings.readyAfter = value)),
  kill_timeout: time((app, value) => Object.assign(app.settings, { grace: value, killTimeout: value })),
  shutdown_with_message: flag((app, value) => (app.settings.stopMessage = value ? 'shutdown' : undefined)),
  min_uptime: time((app, value) => (app.settings.maxDelay = value)),
  restart_delay: time((app, value) => (app.settings.minDelay = value)),
  exp_backoff_restart_delay: time((app, value) => (app.settings.minDelay = value)),
  max_restarts: (value, app, name) => {
    if (!(toNumber(value) >= 1)) throw wrong(name, 'a number of at least 1', value);
    Object.assign(app.settings, { maxDeaths: toNumber(value), deathsWithin: LONGEST_DELAY });
  },
  max_memory_restart: size((app, value) => (app.settings.maxMemory = value)),
  autorestart: instead('a program that ends by itself is run by node, cron or a timer of systemd', true),
  stop_exit_codes: instead('a worker that ends is replaced, whatever its code is'),
  cron_restart: instead('have cron or a timer of systemd run cluster-rs reload NAME, or set maxAge'),
  watch: (value, app, name) => {
    if (typeof value !== 'boolean')
      throw wrong(name, 'true, which watches the files that the program has loaded', value);
    app.settings.watch = value;
  },
  ignore_watch: noEffect, // Only what the program has loaded is watched.
  watch_delay: noEffect,
  watch_options: noEffect,
  // Output
  out_file: text((app, value) => (app.outFile = value)),
  error_file: text((app, value) => (app.errorFile = value)),
  log_file: (value, app, name) => {
    if (value === false) return;
    if (typeof value !== 'string' || value === '') throw wrong(name, 'a text', value);
    app.logFile = value;
  },
  disable_logs: flag((app, value) => value && Object.assign(app, { outFile: '/dev/null', errorFile: '/dev/null' })),
  merge_logs: noEffect, // All workers write into the same files.
  log_date_format: text((app, value) => (app.dateFormat = value)),
  time: flag((app, value) => value && (app.dateFormat = SHORT_TIME)),
  log_type: instead('have the program print JSON, which is passed on as it is'),
  pid_file: instead('cluster-rs list --json knows the process, and so does systemd'),
  // The user
  uid: instead(AS_SERVICE),
  gid: instead(AS_SERVICE),
  treekill: instead('what a worker has started is its own to end', false),
  execute_command: instead('start it as a service of its own', false),
  install_url: instead('install the program before'),
  // What is PM2's own
  automation: noEffect,
  deep_monitoring: noEffect,
  disable_trace: noEffect,
  event_loop_inspector: noEffect,
  force: noEffect,
  io: noEffect,
  kill_retry_time: noEffect,
  name_prefix: noEffect,
  namespace: noEffect,
  pmx: noEffect,
  post_update: noEffect,
  trace: noEffect,
  username: noEffect,
  v8: noEffect,
  vizion: noEffect,
  windowsHide: noEffect,
  write: noEffect,
};

const ALIASES = {
  __proto__: null,
  cmd: 'script',
  combine_logs: 'merge_logs',
  command: 'script',
  cron: 'cron_restart',
  err: 'error_file',
  err_file: 'error_file',
  err_log: 'error_file',
  error: 'error_file',
  exec: 'script',
  interpreter: 'exec_interpreter',
  interpreterArgs: 'node_args',
  interpreter_args: 'node_args',
  log: 'log_file',
  out: 'out_file',
  out_log: 'out_file',
  output: 'out_file',
  pid: 'pid_file',
  user: 'uid',
};

/** The key that a name in a file stands for; `undefined` if it is none. */
function keyOf(name) {
  const key = ALIASES[name] ?? name;
  return key in KEYS ? key : undefined;
}

module.exports = { KEYS, NO_EFFECT, keyOf, setEnv };
