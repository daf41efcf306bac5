'use strict';

// What this process was started with, before anything of it is taken away for others.

const { JSON } = require('./primordials.js');

// Where a primary tells the one that is to follow it what it leaves; see `src/primary/succession.rs`.
const VARIABLE = 'CLUSTER_RS_PREDECESSOR';

/** What stands behind Node's name and before the program's: with this package, where it is loaded in front of the program. */
const nodeArguments = [...process.execArgv];

/** What a predecessor has left: `{ protocol, first, count, text }`, and in `first` the first of `count` descriptors. */
let inheritance;
if (process.env[VARIABLE] !== undefined) {
  inheritance = JSON.parse(process.env[VARIABLE]);
  delete process.env[VARIABLE];
}

module.exports = { VARIABLE, inheritance, nodeArguments };
