'use strict';

// The two sides of an upgrade, and what can be upgraded to.

const fs = require('node:fs');
const { Array, Object, arrays, strings } = require('../../primordials.js');
const errors = require('../../errors.js');
const { parent } = require('../../startup.js');
const { Predecessor } = require('./predecessor.js');
const { Succession } = require('./succession.js');

const isText = (value) => typeof value === 'string' && value !== '';

// First processes that go on when what they have started ends. All others are of containers, and end with it.
const LASTING = ['systemd', 'init', 'runit', 's6-svscan', 'openrc-init'];

// What a command can say.
const PROPERTIES = {
  __proto__: null,
  execPath: { is: isText, what: 'a non-empty string' },
  args: {
    is: (value) => Array.isArray(value) && arrays.every(value, (one) => typeof one === 'string'),
    what: 'an array of strings',
  },
  env: { is: (value) => value !== null && typeof value === 'object', what: 'of type object' },
  cwd: { is: isText, what: 'a non-empty string' },
};

/** Whether a container ends with this process. */
function endsContainer() {
  if (process.pid === 1) return true;
  if (parent !== 1) return false;
  try {
    return !arrays.includes(LASTING, strings.trim(fs.readFileSync('/proc/1/comm', 'utf8')));
  } catch {
    return false; // It may not be read here, and is no secret where there is one of these.
  }
}

/**
 * Checks what is to be started.
 * @param {object} [command]
 * @param {object} native the addon's `Primary`, or what stands for it
 * @throws {Error} that says what is wrong, or why this process can't be followed by another
 */
function checkCommand(command = {}, native) {
  if (command === null || typeof command !== 'object')
    throw errors.invalidArgument('command', 'of type object', command);
  for (const [name, value] of Object.entries(command)) {
    if (!PROPERTIES[name]) throw errors.unknownProperty(`command.${name}`, Object.keys(PROPERTIES));
    const { is, what } = PROPERTIES[name];
    if (value !== undefined && !is(value)) throw errors.invalidOption(`command.${name}`, what, value);
  }
  if (!native.prepareSuccessor) throw errors.noUpgrade("it needs cluster-rs's addon");
  if (endsContainer()) throw errors.noUpgrade('its container would end with it: replace the container instead');
}

module.exports = { Predecessor, Succession, checkCommand };
