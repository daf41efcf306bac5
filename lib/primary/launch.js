'use strict';

// How a worker's process comes to be: Node's own `child_process.fork` makes it of `cluster.settings`, as it does for the
// built-in module. So it checks them, and whoever has wrapped it, or `ChildProcess.prototype.spawn`, has a say. The
// channel and the process itself are the addon's.

const childProcess = require('node:child_process');
const { hasSubscribers, subscribe, unsubscribe } = require('node:diagnostics_channel');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { Array, Object, String, URL, arrays, functions, regexps, strings } = require('../primordials.js');
const errors = require('../errors.js');
const { preload } = require('../preload.js');
const { CHANNEL, closed, createProcess, giveHandle } = require('./worker_process.js');

const { ChildProcess } = childProcess;
const isUnderModel = process.permission !== undefined;

const MOST_PORT = 65535;
const LEAST_PORT = 1024;

let inspectors = 0;

function usesInspector(execArgv) {
  const option = /--inspect(?:-brk|-port)?|--debug-port/;
  const isThere = (text) => regexps.exec(option, text) !== null;
  return arrays.some(execArgv, isThere) || isThere(process.env.NODE_OPTIONS);
}

/** The port of the next worker's inspector (`getInspectPort` in `lib/internal/util/inspector.js`). */
function inspectPort(setting) {
  let port = setting;
  if (typeof setting === 'function') {
    port = setting();
  } else if (setting == null) {
    port = process.debugPort + ++inspectors;
    if (port > MOST_PORT) port = port - MOST_PORT + LEAST_PORT - 1;
  }
  const isNumber = typeof port === 'number' || (typeof port === 'string' && strings.trim(port) !== '');
  if (!isNumber || +port !== +port >>> 0 || port > MOST_PORT) throw errors.badPort(port);
  return port;
}

const toPairs = (variables) => arrays.map(Object.entries(variables), ([name, value]) => `${name}=${value}`);
const toPath = (name) => (name instanceof URL ? fileURLToPath(name) : String(name));

/** `ChildProcess.prototype.spawn` for a worker: the same, except for what starts the process and opens a channel. */
function spawn(child, options, exec, { variables, start, connect, beforeSignal }) {
  const place = arrays.indexOf(options.stdio, 'ipc');
  if (place !== arrays.lastIndexOf(options.stdio, 'ipc')) return child.spawn(options); // Node refuses that.
  // For a channel, Node would open its own.
  options.stdio = arrays.with(options.stdio, place, 'ignore');
  let native;
  const begin = (program, onexit) => {
    const script = path.resolve(program.folder ?? '', toPath(exec));
    const { environment, args } = preload(program.environment, program.args, script);
    const whole = {
      ...program,
      args,
      environment: [...environment, ...toPairs(variables)],
      stdio: arrays.with(program.stdio, place, CHANNEL),
      advanced: options.serialization === 'advanced',
    };
    native = start(child, whole, onexit);
    return native;
  };
  giveHandle(child, { start: begin, beforeSignal });
  let result;
  try {
    result = child.spawn(options);
  } catch (error) {
    native?.channel?.close();
    throw error;
  }
  const { channel } = native;
  // Without descriptors there is nothing to connect.
  if (channel) {
    child._closesNeeded++;
    connect(channel, () => closed(child));
  }
  return result;
}

/** Calls Node's `fork`, and starts the process for which it comes to call `ChildProcess.prototype.spawn`. */
function fork(exec, args, options, worker) {
  const mark = `NODE_UNIQUE_ID=${worker.id}`;
  const intercept = ({ process: child }) => {
    const value = (options) => {
      delete child.spawn;
      // Who has wrapped `fork` may have started something else before.
      return options.envPairs && arrays.includes(options.envPairs, mark)
        ? spawn(child, options, exec, worker)
        : child.spawn(options);
    };
    Object.defineProperty(child, 'spawn', { value, configurable: true });
  };
  subscribe('child_process', intercept);
  try {
    return childProcess.fork(exec, args, options);
  } finally {
    unsubscribe('child_process', intercept);
  }
}

/** Whether a function of Node's is what it was: it has words in it that whoever wraps it has no use for. */
const isOwn = (fn, words) => typeof fn === 'function' && strings.includes(functions.toString(fn), words);

const isText = (value) => typeof value === 'string' && !strings.includes(value, '\0');
const isListOfText = (value) => Array.isArray(value) && arrays.every(value, isText);

/** Whether there is nothing for Node's `fork` to find wrong, to deny or to add, and nobody who wants to know of it. */
function isOrdinary(exec, args, { cwd, env, execArgv, gid, serialization, stdio, uid, windowsHide }) {
  const unset = [cwd, gid, serialization, stdio, uid, windowsHide];
  const lists = [[exec], args, execArgv, arrays.flat(Object.entries(env))];
  return (
    !isUnderModel &&
    arrays.every(unset, (value) => value === undefined) &&
    arrays.every(lists, isListOfText) &&
    isOwn(childProcess.fork, "getValidatedPath(modulePath, 'modulePath')") &&
    isOwn(ChildProcess.prototype.spawn, 'this._handle.spawn(') &&
    !hasSubscribers('child_process')
  );
}

/** Does what Node's `fork` would, and leaves nothing behind, see {@link createProcess}. */
function forkOrdinary(exec, args, options, worker) {
  const child = createProcess();
  const { env, execArgv, silent } = options;
  const file = process.execPath;
  const standard = silent ? 'pipe' : 'inherit';
  const all = {
    ...options,
    shell: false,
    execPath: file,
    file,
    args: [file, ...execArgv, exec, ...args],
    envPairs: toPairs(env),
    stdio: [standard, standard, standard, 'ipc'],
    detached: false,
    windowsHide: false,
    windowsVerbatimArguments: false,
  };
  spawn(child, all, exec, worker);
  return child;
}

/**
 * Starts a worker's process, as `createWorkerProcess` does in `lib/internal/cluster/primary.js`. Throws Node's own errors.
 * @param {object} settings `cluster.settings`
 * @param {object} worker
 * @param {number} worker.id
 * @param {object} worker.env what `cluster.fork` was given
 * @param {string[]} worker.execArgv a copy of its own, to be added to
 * @param {object} worker.variables others, which nobody is to see but the worker
 * @param {(child: ChildProcess, program: object, onexit: (code: number, signal: number) => void) => object} worker.start
 *   calls the addon, and gives its `WorkerProcess`
 * @param {(channel: object, onclose: () => void) => void} worker.connect opens the addon's channel on the child
 * @param {() => void} worker.beforeSignal called before a signal is sent
 * @returns {ChildProcess} or what somebody who has wrapped `fork` gives instead
 */
function launch(settings, worker) {
  if (settings.inspectPort === null) throw errors.badPort(null);
  const { execArgv } = worker;
  if (usesInspector(execArgv)) arrays.push(execArgv, `--inspect-port=${inspectPort(settings.inspectPort)}`);

  const { args, cwd, exec, gid, serialization, silent, stdio, uid, windowsHide } = settings;
  const env = { ...process.env, ...worker.env, NODE_UNIQUE_ID: `${worker.id}` };
  const options = { cwd, env, serialization, silent, windowsHide, execArgv, stdio, gid, uid };
  return (isOrdinary(exec, args, options) ? forkOrdinary : fork)(exec, args, options, worker);
}

module.exports = { launch };
