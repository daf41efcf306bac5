'use strict';

// The addon, or the reason why it can't serve here.

const { isMainThread } = require('node:worker_threads');

function load() {
  if (process.platform !== 'linux') {
    return { reason: `it needs Linux, and this is ${process.platform}` };
  }
  if (!isMainThread) {
    return { reason: 'it serves the main thread of a process only' };
  }
  try {
    const binding = require('../native/binding.js');
    const reason = binding.unsupported();
    return reason ? { reason } : { binding };
  } catch (error) {
    let { message, cause } = error;
    for (; cause; cause = cause.cause) message = cause.message;
    return { reason: `its binary can't be loaded: ${message.split('\n')[0]}` };
  }
}

/**
 * `binding` is the addon (`native/binding.d.ts` describes it), or `undefined` where `reason` says why there is none.
 * @type {{ binding?: object, reason?: string }}
 */
module.exports = load();
