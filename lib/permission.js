'use strict';

// Node's permission model (`--permission`). It knows nothing of what the addon does for JavaScript, so that asks first.
// The answer is Node's own: where `process.permission` has a thing denied, Node is made to try it in a way that can't
// succeed. So the error is that of this release, `node:permission-model:…` hears of it, and `--permission-audit` only tells.

// Taken while the program can't have changed it. Without the model there is nothing to ask.
const has = process.permission?.has;
const isOn = has !== undefined;

// What is to be started in this folder is not: there can't be such a folder.
const NOWHERE = '/dev/null/nowhere';

const { ChildProcess } = isOn ? require('node:child_process') : {};
const spawn = ChildProcess?.prototype.spawn;
const Process = isOn ? new ChildProcess()._handle.constructor : undefined;

// What is denied remains so, and `has` is heard by those who listen for refusals.
const denied = new Set();

function isDenied(scope) {
  if (isOn && !denied.has(scope) && !has(scope)) denied.add(scope);
  return denied.has(scope);
}

isDenied('child');

/**
 * Throws Node's `ERR_ACCESS_DENIED` if this process may not start others.
 * @param {object} child a `ChildProcess` that nothing is started for yet
 * @param {string} file what is to be run
 * @param {string[]} args with its own name first
 */
function askToSpawn(child, file, args) {
  if (!isDenied('child')) return;
  child._handle = new Process();
  try {
    Reflect.apply(spawn, child, [{ file, args, cwd: NOWHERE, envPairs: [], stdio: 'ignore' }]);
  } catch (error) {
    if (error.code !== 'ENOTDIR') throw error;
  }
}

module.exports = { NOWHERE, askToSpawn, isOn };
