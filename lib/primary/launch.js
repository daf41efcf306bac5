'use strict';

// What `cluster.settings` and the environment make of a worker: a command line, its variables, its descriptors.

const childProcess = require('node:child_process');
const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { describeEnvironment } = require('./environment.js');
const errors = require('../errors.js');
const permission = require('../permission.js');
const { preload } = require('../preload.js');
const { normalizeStdio } = require('./stdio.js');

const MOST_PORT = 65535;
const LEAST_PORT = 1024;

let inspectors = 0;

/**
 * Lets Node check what its `fork` takes, and add to `options.env` what it gives to each process under the permission
 * model. The timeout is one that Node does not take, and looks at last. Were it to take it, there would still be nothing
 * that it could start: a file in what is no folder.
 */
function validate(settings, options) {
  try {
    // An object in place of the arguments would be taken for the options.
    const args = typeof settings.args === 'object' && !Array.isArray(settings.args) ? [] : settings.args;
    childProcess.fork(settings.exec, args, { ...options, execPath: permission.NOWHERE, timeout: -1 });
  } catch (error) {
    const isTimeout = error.code === 'ERR_OUT_OF_RANGE' && error.message.includes('timeout');
    const isStart = error.code === 'ENOTDIR' && error.syscall === 'spawn';
    if (!isTimeout && !isStart) throw error;
  }
  if (![undefined, 'json', 'advanced'].includes(settings.serialization)) {
    new childProcess.ChildProcess().spawn({ serialization: settings.serialization });
  }
}

const isText = (value) => typeof value === 'string' && !value.includes('\0');
const isListOfText = (value) => Array.isArray(value) && value.every(isText);

/** Whether there is nothing that Node's check, which takes its time, could find wrong. */
function isOrdinary(settings, variables) {
  const { cwd, exec, args, execArgv, gid, serialization, stdio, uid, windowsHide } = settings;
  const unset = [cwd, gid, serialization, stdio, uid, windowsHide];
  const lists = [[exec], args, execArgv, variables];
  return unset.every((value) => value === undefined) && lists.every(isListOfText);
}

function usesInspector(execArgv) {
  const option = /--inspect(?:-brk|-port)?|--debug-port/;
  return execArgv.some((argument) => option.test(argument)) || option.test(process.env.NODE_OPTIONS);
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
  const isNumber = typeof port === 'number' || (typeof port === 'string' && port.trim() !== '');
  if (!isNumber || +port !== +port >>> 0 || port > MOST_PORT) throw errors.badPort(port);
  return port;
}

/** Node starts a program where it is itself, unless it is told otherwise in words. */
function folderOf(cwd) {
  const folder = cwd instanceof URL ? fileURLToPath(cwd) : cwd;
  return typeof folder === 'string' && folder !== '' ? folder : undefined;
}

const toPath = (name) => (name instanceof URL ? fileURLToPath(name) : String(name));

/**
 * @param {object} settings `cluster.settings`
 * @param {string[]} execArgv a copy of its own, to be added to
 * @param {object} changes to the variables, as for `describeEnvironment`
 * @returns {object} `options` for the addon, and what `startProcess` wants to know; throws Node's own errors
 */
function prepare(settings, execArgv, changes) {
  if (settings.inspectPort === null) throw errors.badPort(null);
  if (usesInspector(execArgv)) execArgv.push(`--inspect-port=${inspectPort(settings.inspectPort)}`);
  const { cwd, gid, silent, stdio, uid, windowsHide } = settings;
  let environment = describeEnvironment(changes);
  let { NODE_OPTIONS } = Object.hasOwn(changes, 'NODE_OPTIONS') ? changes : process.env;
  const given = NODE_OPTIONS;
  if (permission.isOn || !isOrdinary(settings, environment.variables)) {
    const env = { ...process.env, ...changes };
    validate(settings, { cwd, env, execArgv, gid, silent, stdio, uid, windowsHide });
    ({ NODE_OPTIONS } = env);
  }

  const file = process.execPath;
  const exec = toPath(settings.exec);
  const program = [...execArgv, exec, ...(Array.isArray(settings.args) ? settings.args : [])];
  const { places, streams } = normalizeStdio(stdio, silent);
  const loaded = preload(NODE_OPTIONS, program, path.resolve(folderOf(cwd) ?? '', exec));
  if (loaded.nodeOptions !== given) {
    environment = describeEnvironment({ ...changes, NODE_OPTIONS: loaded.nodeOptions });
  }
  return {
    file,
    spawnargs: [file, ...program],
    places,
    streams,
    options: {
      file,
      arguments: [file, ...loaded.args].map(String),
      environment,
      folder: folderOf(cwd),
      stdio: places,
      advanced: settings.serialization === 'advanced',
      user: uid ?? undefined,
      group: gid ?? undefined,
    },
  };
}

module.exports = { prepare };
