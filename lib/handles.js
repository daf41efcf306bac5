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

/** How many bytes of what this process has printed wait for whoever reads them. */
function unwritten() {
  let sum = 0;
  for (const { writableLength } of activeHandles().outputs) sum += writableLength ?? 0;
  return sum;
}

module.exports = { activeHandles, unwritten };
