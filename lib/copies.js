'use strict';

// Which copy of this package serves, where something else than Node's own loader has read it. There is one cluster object
// in a process, and one copy that has taken it over.

const { Object } = require('./primordials.js');

const Module = nodesModule();

/** The class of what Node's own loader loads. Loaders of test runners show one that extends it, to programs that ask. */
function nodesModule() {
  let { Module: found } = process.getBuiltinModule('node:module');
  for (let base = found; base.createRequire; base = Object.getPrototypeOf(base)) found = base;
  return found;
}

/** Whether a bundler has put this package into a file of the program's. Workers need files of their own to load. */
const isBundled = typeof __filename !== 'string' || module.filename !== __filename;

// Test runners read the package anew for each of their files, and when that file is done, what they have read can't load
// anything any more.
const isForeign = !isBundled && !(module instanceof Module);

/**
 * A file of this package, as Node's own loader has it.
 * @param {string} name relative to this file
 * @returns {any} `undefined` where the caller has been read by that loader itself
 */
function byNode(name) {
  return isForeign ? Module.createRequire(__filename)(name) : undefined;
}

module.exports = { byNode, isBundled };
