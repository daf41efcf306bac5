'use strict';

// Under `--watch`, Node reports each file that a process loads to its parent, by `process.send`, so that a change of that file
// restarts the program. Files of this package are none of the program's, and those of the built-in module are not reported.

const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { Array, Reflect, WeakSet, arrays, strings } = require('./primordials.js');
const { isBundled } = require('./copies.js');
const { packageOf, platforms } = require('./platform.js');

const root = path.join(__dirname, '..');
const files = arrays.map(['index.js', 'register.js', 'package.json'], (name) => path.join(root, name));
const folders = arrays.map(['bin', 'lib', 'native'], (name) => path.join(root, name, path.sep));
const packages = arrays.map(platforms, (platform) => path.join(path.sep, 'node_modules', packageOf(platform)));

const filters = new WeakSet();

/** Whether a report names a file that is not of this package. Where Node has found no file yet, it names none. */
function isForProgram(name) {
  if (typeof name !== 'string') return false;
  const file = strings.startsWith(name, 'file:') ? fileURLToPath(name) : name;
  return !(
    arrays.includes(files, file) ||
    arrays.some(folders, (folder) => strings.startsWith(file, folder)) ||
    arrays.some(packages, (one) => strings.includes(file, one))
  );
}

/** What is left of a message if it is a report; `undefined` if that is nothing. */
function filter(message) {
  for (const kind of ['watch:require', 'watch:import']) {
    if (!Array.isArray(message?.[kind])) continue;
    const names = arrays.filter(message[kind], isForProgram);
    return names.length > 0 ? { [kind]: names } : undefined;
  }
  return message;
}

/**
 * A `process.send` that leaves out this package's files.
 * @param {typeof process.send} send
 * @returns {typeof process.send}
 */
function filtered(send) {
  if (isBundled || filters.has(send)) return send;
  const filterAndSend = {
    send(message, handle, options, callback) {
      const left = filter(message);
      if (left === undefined && message !== undefined) return true;
      return left === message
        ? Reflect.apply(send, this, arguments)
        : Reflect.apply(send, this, [left, handle, options, callback]);
    },
  }.send;
  filters.add(filterAndSend);
  return filterAndSend;
}

module.exports = { filtered };
