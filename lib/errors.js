'use strict';

// Node's own errors, which it makes with functions that it does not show.

const { getSystemErrorMap, getSystemErrorName, inspect } = require('node:util');
const { Error, Object, RangeError, TypeError, captureStackTrace } = require('./primordials.js');

/**
 * An error with a code, printed as Node prints its own.
 * @param {ErrorConstructor} Base
 * @param {string} code
 * @param {string} message
 */
function coded(Base, code, message) {
  const error = new Base(message);
  Object.defineProperty(error, 'name', {
    value: `${error.name} [${code}]`,
    configurable: true,
  });
  captureStackTrace(error, coded);
  void error.stack; // Written when it is first read: with the name that has the code.
  delete error.name;
  error.code = code;
  return error;
}

/** How Node words the value that was wrong. */
function received(value) {
  if (value == null) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    const name = value.constructor?.name;
    return name ? ` Received an instance of ${name}` : ` Received ${inspect(value, { depth: -1 })}`;
  }
  const cut = (text) => (text.length > 28 ? `${text.slice(0, 25)}...` : text);
  const shown = typeof value === 'string' ? inspect(cut(value)) : cut(inspect(value));
  return ` Received type ${typeof value} (${shown})`;
}

module.exports = {
  coded,

  channelClosed: () => coded(Error, 'ERR_IPC_CHANNEL_CLOSED', 'Channel closed'),

  alreadyDisconnected: () => coded(Error, 'ERR_IPC_DISCONNECTED', 'IPC channel is already disconnected'),

  invalidHandleType: () => coded(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent'),

  messageMissing: () => coded(TypeError, 'ERR_MISSING_ARGS', 'The "message" argument must be specified'),

  /** @param {string} what 'of type string', 'one of type string or number', … */
  invalidArgument: (name, what, value) =>
    coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${what}.${received(value)}`),

  /** The same for an option, `name` being `options.…`. */
  invalidOption: (name, what, value) =>
    coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" property must be ${what}.${received(value)}`),

  argumentMissing: (name) => coded(TypeError, 'ERR_MISSING_ARGS', `The "${name}" argument must be specified`),

  notWellFormed: (name, value) =>
    coded(
      TypeError,
      'ERR_INVALID_ARG_VALUE',
      `The argument '${name}' must be a well-formed string, without half a pair of surrogates. Received ${inspect(value)}`,
    ),

  storeFull: () =>
    coded(
      Error,
      'ERR_CLUSTER_RS_STORE_FULL',
      "The store is full: let it hold more with maxEntries or maxBytes, or have old entries go with full: 'evict'",
    ),

  notNumber: () =>
    coded(Error, 'ERR_CLUSTER_RS_NOT_A_NUMBER', 'The value is no whole number, or the sum would be no safe integer'),

  notReadable: () =>
    coded(
      Error,
      'ERR_CLUSTER_RS_NOT_READABLE',
      "The value can't be read: it was stored by another program, or by a release of Node.js that this one does not understand",
    ),

  answerTooLarge: () =>
    coded(
      RangeError,
      'ERR_CLUSTER_RS_ANSWER_TOO_LARGE',
      'The answer would be of more than 510 MiB: ask for fewer keys at a time',
    ),

  keeperGone: () =>
    coded(
      Error,
      'ERR_CLUSTER_RS_KEEPER_GONE',
      'The primary does not answer any more: what was asked of it may have been done, or not',
    ),

  /** The same for a connection that the program has closed. */
  connectionClosed: () =>
    coded(
      Error,
      'ERR_CLUSTER_RS_KEEPER_GONE',
      'The connection to the Redis server has been closed: what was asked of it may have been done, or not',
    ),

  redisAway: (why) =>
    coded(
      Error,
      'ERR_CLUSTER_RS_REDIS_AWAY',
      `The Redis server can't be asked (${why}): what was asked of it may have been done, or not`,
    ),

  isLocked: (name, wait) =>
    coded(Error, 'ERR_CLUSTER_RS_LOCKED', `The lock ${inspect(name)} is held by another for longer than ${wait} ms`),

  lockLost: (name) =>
    coded(
      Error,
      'ERR_CLUSTER_RS_LOCK_LOST',
      `The lock ${inspect(name)} has been held for longer than its ttl, or its lease could not be renewed`,
    ),

  badPolicy: (policy) =>
    coded(
      Error,
      'ERR_INTERNAL_ASSERTION',
      `Bad cluster.schedulingPolicy: ${policy}\nUse cluster.SCHED_RR (2), cluster.SCHED_LEAST (3), cluster.SCHED_STICKY (4) or cluster.SCHED_NONE (1).`,
    ),

  badPort: (port) => coded(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be >= 0 and < 65536.${received(port)}.`),

  /** @param {string} name of a property @param {string[]} right its values */
  notOneOf: (name, right, value) =>
    coded(
      TypeError,
      'ERR_INVALID_ARG_VALUE',
      `The property '${name}' must be one of: ${right.map((one) => `'${one}'`).join(', ')}. Received ${inspect(value)}`,
    ),

  noWorker: (value) =>
    coded(
      TypeError,
      'ERR_INVALID_RETURN_VALUE',
      `Expected a Worker or undefined to be returned from the "scheduler" function but got ${inspect(value, { depth: 0 })}.`,
    ),

  /** @param {string} what 'a whole number >= 1', … */
  outOfRange: (name, what, value) =>
    coded(
      RangeError,
      'ERR_OUT_OF_RANGE',
      `The value of "${name}" is out of range. It must be ${what}.${received(value)}`,
    ),

  /** @param {string[]} right the names that there are */
  unknownProperty: (name, right) =>
    coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property '${name}' is unknown: there are ${right.join(', ')}`),

  supervisedAlready: () =>
    coded(
      Error,
      'ERR_CLUSTER_RS_SUPERVISED',
      'A supervisor is running already: use the one that cluster.supervise() has returned',
    ),

  reloadFailed: (why) => coded(Error, 'ERR_CLUSTER_RS_RELOAD_FAILED', `Reload failed, old workers kept: ${why}`),

  upgradeFailed: (why) => coded(Error, 'ERR_CLUSTER_RS_UPGRADE_FAILED', `Upgrade failed, nothing has changed: ${why}`),

  noUpgrade: (why) => coded(Error, 'ERR_CLUSTER_RS_UPGRADE_FAILED', `This process can't be upgraded: ${why}`),

  isUpgrading: () => coded(Error, 'ERR_CLUSTER_RS_UPGRADING', 'An upgrade is going on: wait until it is over'),

  otherSuccession: (theirs, ours) =>
    coded(
      Error,
      'ERR_CLUSTER_RS_OTHER_VERSION',
      `The primary that runs speaks version ${theirs} of the upgrade protocol, and this cluster-rs version ${ours}: restart it instead`,
    ),

  nothingInherited: (cause) =>
    coded(
      Error,
      'ERR_CLUSTER_RS_UPGRADE_FAILED',
      `The new primary has not got the sockets of the one that runs (${cause}): start Node itself, and not what closes them before, such as npm`,
    ),

  noFolder: (folder) => new Error(`missing folder ${folder}, where workers are to run`),

  noAddon: (reason) =>
    coded(
      Error,
      'ERR_CLUSTER_RS_NO_ADDON',
      `The primary is running cluster-rs, which can't run in this worker (${reason}): start both in the same way, with --allow-addons where there is --permission`,
    ),

  // That of a panic in the JavaScript thread is made in src/sys/js.rs.
  panicked: (text) => coded(Error, 'ERR_CLUSTER_RS_PANIC', `cluster-rs has panicked: ${text}`),

  otherVersion: () =>
    coded(
      Error,
      'ERR_CLUSTER_RS_OTHER_VERSION',
      'The primary is running another version of cluster-rs than this worker: restart the primary, too',
    ),

  /** @param {number} [id] of the worker @param {string} why what it did, or did not do */
  startFailed: (id, why) =>
    coded(Error, 'ERR_CLUSTER_RS_START_FAILED', `${id === undefined ? 'a worker' : `worker ${id}`} ${why}`),

  /** @param {number} id of the worker @param {string} why it can't be looked into */
  notInspected: (id, why) => coded(Error, 'ERR_CLUSTER_RS_NOT_INSPECTED', `worker ${id} can't be looked into: ${why}`),

  hangReportAlone: () =>
    coded(
      TypeError,
      'ERR_INVALID_ARG_VALUE',
      "The property 'options.hangReport' needs options.hangTimeout: without it no worker is found to hang",
    ),

  isStopping: () => coded(Error, 'ERR_CLUSTER_RS_STOPPING', 'The supervisor is stopping, and starts no workers'),

  noAnswer: (timeout) => coded(Error, 'ERR_CLUSTER_RS_TIMEOUT', `No answer within ${timeout} ms`),

  noHandler: () =>
    coded(
      Error,
      'ERR_CLUSTER_RS_NO_HANDLER',
      'Missing request handler: call cluster.onRequest() on the side that is asked',
    ),

  workerGone: (id) => coded(Error, 'ERR_CLUSTER_RS_WORKER_GONE', `Worker ${id} left before it answered`),

  messageTooLarge: () =>
    coded(RangeError, 'ERR_CLUSTER_RS_MESSAGE_TOO_LARGE', 'Message of more than 512 MiB: send it in parts'),

  malformedFrame: () =>
    coded(
      Error,
      'ERR_CLUSTER_RS_MALFORMED_FRAME',
      'Malformed message from the other end of the channel: the channel is closed',
    ),

  /**
   * The error of a system call, as Node's `ErrnoException`.
   * @param {number} errno negative
   * @param {string} syscall
   */
  fromSystem(errno, syscall) {
    const code = getSystemErrorName(errno);
    return Object.assign(new Error(`${syscall} ${code}`), {
      errno,
      code,
      syscall,
    });
  },

  /** As Node words it where a server can't listen. @param {number} [port] none for a Unix socket */
  noAdmin(errno, address, port) {
    const code = getSystemErrorName(errno);
    const place = port === undefined ? address : `${address}:${port}`;
    const why = getSystemErrorMap().get(errno)?.[1] ?? code;
    return Object.assign(new Error(`listen ${code}: ${why} ${place}, for the admin port`), {
      errno,
      code,
      syscall: 'listen',
      address,
      ...(port !== undefined && { port }),
    });
  },
};
