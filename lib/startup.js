'use strict';

// What this process was started with, before anything of it is taken away for others.

const { JSON } = require('./primordials.js');

// Where a primary tells the one that is to follow it what it leaves; see `src/primary/succession.rs`.
const VARIABLE = 'CLUSTER_RS_PREDECESSOR';

/** What stands behind Node's name and before the program's: with this package, where it is loaded in front of the program. */
const nodeArguments = [...process.execArgv];

/** The process that has started this one. Later, where that has ended, another stands in its place. */
const parent = process.ppid;

/**
 * What a predecessor has left: `{ protocol, first, count, text, size }`; `first` is the first of `count` descriptors, `size`
 * the number of its workers.
 */
let inheritance;
if (process.env[VARIABLE] !== undefined) {
  inheritance = JSON.parse(process.env[VARIABLE]);
  delete process.env[VARIABLE];
}

module.exports = { VARIABLE, inheritance, nodeArguments, parent };
