'use strict';

// The variables of a worker: those of this process, with changes.

const { binding } = require('../native.js');

const PROBE = 'CLUSTER_RS_PROBE';

let probed;
let isReal;

/** Whether `process.env` is Node's own, and no object that the program has put into its place. */
function isEnvReal() {
  const { env } = process;
  if (env !== probed) {
    probed = env;
    isReal = Reflect.set(env, PROBE, '') && binding.hasVariable(PROBE);
    Reflect.deleteProperty(env, PROBE);
  }
  return isReal;
}

/**
 * @param {object} changes values by name; `undefined` removes a variable
 * @returns {{ inherits: boolean, variables: string[], removed: string[] }} `NAME=value` for each variable that a worker
 *   does not simply have from this process: the addon finds the others by itself, which takes far less time
 */
function describeEnvironment(changes) {
  const inherits = isEnvReal();
  const described = inherits ? changes : { ...process.env, ...changes };
  const variables = [];
  const removed = [];
  for (const name of Object.keys(described)) {
    if (described[name] === undefined) removed.push(name);
    else variables.push(`${name}=${described[name]}`);
  }
  return { inherits, variables, removed };
}

module.exports = { describeEnvironment };
