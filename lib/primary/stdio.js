'use strict';

// The `stdio` of a worker: the forms that `child_process` takes, as numbers for the addon.

const IGNORE = -1;
const PIPE = -2;
const CHANNEL = -3;

/** Lets Node say what is wrong with a `stdio` that it does not take either. */
function refuse(stdio) {
  const { ChildProcess } = require('node:child_process');
  new ChildProcess().spawn({ file: '', stdio });
  throw new TypeError('stdio: not understood'); // Node has thrown a better one
}

/** The handle of a stream, wherever it has it. */
function handleOf(stream) {
  const isHandle = (at) => typeof at?.fd === 'number' && at.fd >= 0;
  return [stream, stream.handle, stream._handle].find(isHandle);
}

/**
 * @param {unknown} stdio an array, `'pipe'`, `'inherit'`, `'ignore'`, …, or nothing, which means the default
 * @param {boolean} silent whether the default is `'pipe'`
 * @returns {{ places: number[], streams: object[] }} a number for each descriptor of the worker, and the streams
 *   of this process that the worker uses from now on
 */
function normalizeStdio(stdio, silent) {
  const kinds = ['ignore', 'pipe', 'overlapped', 'inherit'];
  if (!Array.isArray(stdio)) {
    const kind = typeof stdio === 'string' ? stdio : silent ? 'pipe' : 'inherit';
    if (!kinds.includes(kind)) refuse(stdio);
    return normalizeStdio([kind, kind, kind, 'ipc']);
  }
  const streams = [];
  const list = Array.from({ length: Math.max(stdio.length, 3) }, (_, i) => stdio[i]);
  const places = list.map((entry, place) => {
    if (entry == null) return place < 3 ? PIPE : IGNORE;
    if (entry === 'ignore') return IGNORE;
    if (entry === 'pipe' || entry === 'overlapped') return PIPE;
    if (entry === 'inherit') return place;
    if (entry === 'ipc') return CHANNEL;
    if (typeof entry === 'number') return entry < 0 ? PIPE : entry;
    if (typeof entry === 'string') return refuse(stdio);
    if (typeof entry.fd === 'number') return entry.fd;
    const handle = handleOf(entry);
    if (handle === undefined) return refuse(stdio);
    streams.push(entry);
    return handle.fd;
  });
  if (places.indexOf(CHANNEL) !== places.lastIndexOf(CHANNEL)) refuse(stdio);
  return { places, streams };
}

/** Leaves reading from `stream` to the worker. */
function handOver(stream) {
  const handle = handleOf(stream);
  handle.reading = false;
  handle.readStop?.();
  stream.pause?.();
  stream.readableFlowing = false;
  if (stream._readableState) stream._readableState.reading = false;
}

module.exports = { normalizeStdio, handOver, PIPE };
