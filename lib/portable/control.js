'use strict';

// What the two sides of the portable layer tell each other over Node's own channel. A message with a command that starts
// with NODE_ is not the program's: it does not see it among its own.

const { Array, Object } = require('../primordials.js');

const COMMAND = 'NODE_CLUSTER_RS_CONTROL';

/**
 * Tells the other side something.
 * @param {object} process the worker's, as this side has it
 * @param {string} act the name of a function there
 * @param {...any} about its arguments, as JSON
 */
function tell(process, act, ...about) {
  if (process.connected) process.send({ cmd: COMMAND, act, about }, () => {});
}

/**
 * Listens to the other side.
 * @param {object} process
 * @param {object} acts functions by name; others are not called
 * @param {(message: object) => void} others called with what is not for them
 */
function listen(process, acts, others) {
  process.on('internalMessage', (message) => {
    if (message.cmd !== COMMAND) others(message);
    else if (Object.hasOwn(acts, message.act) && Array.isArray(message.about)) acts[message.act](...message.about);
  });
}

module.exports = { listen, tell };
