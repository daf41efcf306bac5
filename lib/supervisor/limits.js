'use strict';

const { BEAT } = require('../worker/heartbeat.js');
const { memoryOf } = require('./process_figures.js');

/**
 * For how many milliseconds a worker's event loop has been blocked beyond the limit; 0 if it has not.
 * @param {object | undefined} figures of the worker
 * @param {object} options of the supervisor
 */
function blockedFor(figures, { hangTimeout }) {
  if (!figures || hangTimeout === 0) return 0;
  const blocked = figures.stillFor - BEAT;
  return blocked >= hangTimeout ? blocked : 0;
}

/**
 * Why a worker in service is to be replaced; `undefined` if it is not.
 * @param {import('./member.js').Member} member
 * @param {object | undefined} figures of the worker
 * @param {object} options of the supervisor
 */
function reasonToReplace({ age, illFor, isBeingReported, isHung, wasConnected, worker }, figures, options) {
  const { illTimeout, maxAge, maxMemory, maxRequests, replaceHung } = options;
  // One that dies is disconnected for a moment; one that lives on like that will not be heard of again.
  if (!worker.isConnected()) return wasConnected ? undefined : 'disconnect';
  if (worker.exitedAfterDisconnect) return 'leaving'; // It has got SIGTERM, or wants to leave for a reason of its own.
  if (illTimeout > 0 && illFor >= illTimeout) return 'ill';
  if (!figures) return undefined;
  if (isHung && replaceHung && !isBeingReported) return 'hang';
  if (maxMemory > 0 && (figures.memory ?? memoryOf(worker.process.pid)) > maxMemory) return 'memory';
  if (maxAge > 0 && age > maxAge) return 'age';
  if (maxRequests > 0 && figures.requests >= maxRequests) return 'requests';
  return undefined;
}

module.exports = { blockedFor, reasonToReplace };
