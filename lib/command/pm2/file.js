'use strict';

// PM2's file, `ecosystem.config.js`: which applications are in it, and what each wants in the words of this command.

const os = require('node:os');
const path = require('node:path');
const { Failure, USAGE, suggestion } = require('../failure.js');
const { KEYS, NO_EFFECT, keyOf, setEnv } = require('./keys.js');

// What PM2 waits for a program that does not say that it is ready, in milliseconds.
const READY_AFTER = 3000;

// How long a start takes at most, and how much longer than `readyAfter` that has to be, in milliseconds.
const START_TIMEOUT = 30_000;
const MARGIN = 1000;

const OF_ENVIRONMENT = 'env_';

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/** Whether the content of a file is PM2's. */
function isPm2File(content) {
  return Array.isArray(content) || (isObject(content) && (content.apps !== undefined || content.script !== undefined));
}

/** What the file says of each application. */
function entriesOf(content, where) {
  const entries = [(isObject(content) ? content.apps : content) ?? content].flat();
  if (entries.length === 0) throw new Failure(`missing applications: apps in ${where} is empty`, USAGE);
  for (const entry of entries) {
    if (!isObject(entry)) throw new Failure(`missing settings: each application in ${where} must be an object`, USAGE);
  }
  return entries;
}

/** How PM2 calls an application that has no name. */
function nameOf(entry) {
  const { name, script, exec } = entry;
  return name ?? path.parse(String(script ?? exec ?? entry.cmd ?? entry.command ?? '')).name;
}

/**
 * @param {object} entry of the file
 * @param {string} where for errors
 * @param {string} [environment] whose variables count
 * @returns an application: `settings`, as of a file of this command, and what only PM2 has
 */
function readEntry(entry, where, environment) {
  const app = {
    cores: os.availableParallelism(),
    settings: { workers: 1, nodeArgs: [], stopSignal: 'SIGINT', readyAfter: READY_AFTER },
    variables: {},
    inherits: () => true,
    entryName: nameOf(entry),
    hasSourceMaps: true,
    isStarted: true,
    instanceVariable: 'NODE_APP_INSTANCE',
    withoutEffect: [],
  };
  const label = `${nameOf(entry)} in ${where}`;
  let hasEnvironment = false;
  for (const [name, value] of Object.entries(entry)) {
    if (name.startsWith(OF_ENVIRONMENT) || value === undefined) continue;
    const key = keyOf(name);
    if (key === undefined) {
      throw new Failure(`unknown key of ${label}: ${name}${suggestion(name, Object.keys(KEYS))}`, USAGE);
    }
    if (KEYS[key](value, app, `${name} of ${label}`) === NO_EFFECT) app.withoutEffect.push(name);
  }
  if (app.port !== undefined) app.variables.PORT = app.port;
  const ofEnvironment = `${OF_ENVIRONMENT}${environment}`;
  if (environment !== undefined && entry[ofEnvironment] !== undefined) {
    hasEnvironment = true;
    setEnv(entry[ofEnvironment], app, `${ofEnvironment} of ${label}`);
  }
  return finish(app, { name: nameOf(entry), label, environment, hasEnvironment });
}

/** What follows from several keys together. */
function finish(app, { name, label, environment, hasEnvironment }) {
  const { settings } = app;
  if (settings.app === undefined) throw new Failure(`missing script: ${label}`, USAGE);
  if (/\s/.test(settings.app)) {
    throw new Failure(`script of ${label} is a command line: put its arguments into args`, USAGE);
  }
  if (app.hasSourceMaps) settings.nodeArgs.push('--enable-source-maps');
  if (settings.stopMessage === undefined) delete settings.stopMessage;
  if (settings.minDelay > (settings.maxDelay ?? 0)) settings.maxDelay = settings.minDelay;
  settings.startTimeout = Math.max(START_TIMEOUT, settings.readyAfter + MARGIN);
  const suffix = app.hasEnvironmentInName && environment !== undefined ? `-${environment}` : '';
  settings.name = `${name.replace(/[^\w.-]/g, '-').replace(/^\W+/, '')}${suffix}`;
  app.notes = [];
  if (app.withoutEffect.length > 0) app.notes.push(`without effect here: ${app.withoutEffect.join(', ')}`);
  if (environment !== undefined && !hasEnvironment) {
    app.notes.push(`${label} has no ${OF_ENVIRONMENT}${environment}: its env counts alone`);
  }
  return app;
}

/**
 * Reads PM2's file.
 * @param {unknown} content
 * @param {object} options
 * @param {string} options.where for errors
 * @param {string} [options.environment] the name after `--env`
 * @param {string} [options.only] names with commas between, of which others are left out
 * @returns {ReturnType<typeof readEntry>[]} the applications that are to be started
 * @throws {Failure} that names the key and says what to do
 */
function readApplications(content, { where, environment, only }) {
  const entries = entriesOf(content, where);
  const names = entries.map(nameOf);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Failure(`two applications in ${where} are called ${twice}`, USAGE);
  const wanted = only?.split(',').map((name) => name.trim());
  const unknown = wanted?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new Failure(`unknown application: ${unknown}; ${where} has ${names.join(', ')}`, USAGE);
  }
  const chosen = entries.filter((entry) => wanted === undefined || wanted.includes(nameOf(entry)));
  const found = chosen.map((entry) => readEntry(entry, where, environment));
  const started = found.filter(({ isStarted }) => isStarted || wanted !== undefined);
  if (started.length === 0) throw new Failure(`nothing to start: autostart of all in ${where} is false`, USAGE);
  return started;
}

module.exports = { isPm2File, nameOf, readApplications };
