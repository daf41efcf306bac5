'use strict';

// How a worker's Node is made to load this package before anything of the program's.

const path = require('node:path');

const REGISTER = path.join(__dirname, '..', 'register.js');
const OPTION = `--require "${REGISTER.replace(/["\\]/g, '\\$&')}" `;

/**
 * Puts this package in front of the program's preloads. Those of `NODE_OPTIONS` come before those of the command line,
 * so where there are any it has to be the first of them.
 * @param {string | undefined} nodeOptions `NODE_OPTIONS`
 * @param {string[]} args of Node and the program
 */
function preload(nodeOptions, args) {
  if (!/(^|\s)(-r|--require)\b/.test(nodeOptions)) return { nodeOptions, args: ['--require', REGISTER, ...args] };
  return { nodeOptions: OPTION + nodeOptions, args };
}

/** Takes away from the variables of this worker what {@link preload} has added. */
function removePreload(env) {
  if (env.NODE_OPTIONS?.startsWith(OPTION)) env.NODE_OPTIONS = env.NODE_OPTIONS.slice(OPTION.length);
}

module.exports = { preload, removePreload };
