'use strict';

const { Reflect, arrays } = require('./primordials.js');

const { _getActiveHandles: getActiveHandles } = process;

/**
 * What keeps this process alive, or would if it were not idle: servers, sockets, child processes… The standard output and
 * error are there as soon as they have been used, and keep nothing alive.
 * @returns {{ handles: object[], outputs: object[] }}
 */
function activeHandles() {
  const all = Reflect.apply(getActiveHandles, process, []);
  const isOutput = ({ fd }) => fd === 1 || fd === 2;
  return { handles: arrays.filter(all, (handle) => !isOutput(handle)), outputs: arrays.filter(all, isOutput) };
}

/**
 * What this process has printed and nobody has read: it becomes less with each byte that is taken, and 0 is the end.
 * `writableLength` alone stays as it is until the whole of a write, which may be much, has been taken.
 */
function unwritten() {
  let sum = 0;
  for (const { writableLength, _handle: handle } of activeHandles().outputs)
    sum += (writableLength ?? 0) + (handle?.writeQueueSize ?? 0);
  return sum;
}

module.exports = { activeHandles, unwritten };
