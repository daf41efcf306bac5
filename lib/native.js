'use strict';

// The addon, or the reason why it can't serve here.

const { isBundled } = require('./copies.js');

// Node marks what other threads must not do. `node:worker_threads` would say the same, but is a large module to load.
const isMainThread = !process.abort.disabled;

/** The binary of most machines, or that for which the generated loader finds this one to be. */
function loadBinary() {
  try {
    return require(`../native/cluster-rs.linux-${process.arch}-gnu.node`);
  } catch {
    return require('../native/binding.js');
  }
}

function load() {
  if (process.platform !== 'linux') {
    return { reason: `it needs Linux, and this is ${process.platform}` };
  }
  if (!isMainThread) {
    return { reason: 'it serves the main thread of a process only' };
  }
  if (isBundled) {
    return { reason: 'it has been bundled with the program: mark cluster-rs as external' };
  }
  try {
    const binding = loadBinary();
    const reason = binding.unsupported();
    return reason ? { reason } : { binding };
  } catch (error) {
    let { message, cause } = error;
    for (; cause; cause = cause.cause) message = cause.message;
    return { reason: `its binary can't be loaded: ${message.split('\n')[0]}` };
  }
}

/**
 * `isMainThread` is as in `node:worker_threads`.
 * `binding` is the addon (`native/binding.d.ts` describes it), or `undefined` where `reason` says why there is none.
 * @type {{ isMainThread: boolean, binding?: object, reason?: string }}
 */
module.exports = { isMainThread, ...load() };
