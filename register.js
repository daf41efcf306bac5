'use strict';

// Loaded before the program, by `node -r cluster-rs/register` or `--import cluster-rs/register`, and by the primary in
// front of each worker's own arguments.

// A parent that watches the program's files is not to hear of this package's; where nobody can be told, Node reports nothing.
if (process.send && process.env.WATCH_REPORT_DEPENDENCIES) {
  const { send } = process;
  process.send = undefined;
  process.send = require('./lib/reports.js').filtered(send);
}

const { byNode } = require('./lib/copies.js');
const { isMainThread } = require('./lib/native.js');

const OPTIONS = ['-r', '--require', '--import'];

function isThisFile(name) {
  if (name === undefined || name === __filename) return name === __filename;
  const { createRequire } = require('node:module');
  const { fileURLToPath } = require('node:url');
  try {
    const found = name.startsWith('file:') ? fileURLToPath(name) : createRequire(`${process.cwd()}/`).resolve(name);
    return found === __filename;
  } catch {
    return false;
  }
}

/**
 * Removes this file from the arguments of Node, as the program sees them and passes them on: workers get it in any
 * case, and other processes have nothing to do with it.
 */
function removeFrom(execArgv) {
  for (let i = execArgv.length - 1; i >= 0; i--) {
    const [option, joined] = execArgv[i].split(/=(.*)/s);
    if (!OPTIONS.includes(option) || !isThisFile(joined ?? execArgv[i + 1])) continue;
    execArgv.splice(i, joined === undefined ? 2 : 1);
  }
}

// Node loads it again in each thread that the program starts. The program has not asked for it there.
if (byNode('../register.js') === undefined && isMainThread) {
  const { onRequest } = require('./index.js');
  // The runner of tests passes its arguments on to the tests, and they were meant for those; the built-in module, where
  // it serves as it is, to its workers.
  if (onRequest && !process.execArgv.includes('--test')) removeFrom(process.execArgv);
}
