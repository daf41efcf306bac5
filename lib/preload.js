'use strict';

// How a worker's Node is made to load this package before anything of the program's.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { arrays, regexps, strings } = require('./primordials.js');
const { isBundled } = require('./copies.js');

// Where there is no such file, nothing is started by this package.
const REGISTER = isBundled ? '' : path.join(__dirname, '..', 'register.js');
const NAME = 'NODE_OPTIONS=';
const quote = (register) => `--require "${register.replace(/["\\]/g, '\\$&')}"`;
const OPTION = quote(REGISTER); // Later, the program may have replaced what makes it.
const optionFor = (register) => (register === REGISTER ? OPTION : quote(register));

// What finds packages that are not in folders (Yarn's Plug'n'Play): this one is among them.
const FINDER = /^\s*(?:-r|--require)[\s=]\s*(?:"[^"]*\.pnp\.c?js"|\S*\.pnp\.c?js)(?=\s|$)/;

/** This package or, if it has been removed with an old release of the program, the one that the program has now. */
function findRegister(program) {
  try {
    if (fs.existsSync(REGISTER)) return REGISTER;
    // Node remembers where links lead to, so it is given none.
    const place = fs.realpathSync(fs.existsSync(program) ? program : path.dirname(program));
    return createRequire(`${place}/`).resolve('cluster-rs/register');
  } catch {
    return REGISTER; // The worker says that it is missing; where nothing may be read here, it is not.
  }
}

/** Whether a worker runs a single executable application, which loads this package itself, and takes every argument for its own. */
function isApplication(file) {
  return file === process.execPath && require('node:sea').isSea();
}

/**
 * Puts this package in front of the program's preloads. Those of `NODE_OPTIONS` come before those of the command line,
 * so where there are any it has to be the first of them; but one that it is found by.
 * @param {string[]} environment `NAME=value`
 * @param {string[]} args with Node's own name first
 * @param {string} program its absolute path
 * @returns {{ environment: string[], args: string[] }}
 */
function preload(environment, [name, ...args], program) {
  if (isApplication(name)) return { environment, args: [name, ...args] };
  const register = findRegister(program);
  const at = arrays.findIndex(environment, (variable) => strings.startsWith(variable, NAME));
  const options = at < 0 ? '' : strings.slice(environment[at], NAME.length);
  if (regexps.exec(/(^|\s)(-r|--require)\b/, options) === null)
    return { environment, args: [name, '--require', register, ...args] };
  const finder = process.versions.pnp === undefined ? null : regexps.exec(FINDER, options);
  const joined =
    finder === null
      ? `${optionFor(register)} ${options}`
      : `${finder[0]} ${optionFor(register)}${strings.slice(options, finder[0].length)}`;
  return { environment: arrays.with(environment, at, NAME + joined), args: [name, ...args] };
}

/**
 * The same by a variable alone, for workers that the built-in module starts.
 * @param {object} env the variables that a worker gets otherwise
 * @param {string} program its absolute path
 * @returns {object} the variables that are different
 */
function preloadByEnvironment({ NODE_OPTIONS: options }, program) {
  if (isBundled) return {};
  const option = optionFor(findRegister(program));
  return { NODE_OPTIONS: options === undefined ? option : `${option} ${options}` };
}

/** Takes away from the variables of this worker what {@link preload} has added. */
function removePreload(env) {
  const option = optionFor(REGISTER);
  const options = env.NODE_OPTIONS;
  if (options === option) delete env.NODE_OPTIONS;
  else if (options?.startsWith(`${option} `)) env.NODE_OPTIONS = options.slice(option.length + 1);
  else if (process.versions.pnp && options) env.NODE_OPTIONS = options.replace(` ${option}`, () => '');
}

module.exports = { preload, preloadByEnvironment, removePreload };
