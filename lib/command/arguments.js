'use strict';

const { parseArgs } = require('node:util');
const { Failure, USAGE, suggestion } = require('./failure.js');
const { SETTINGS, toOption } = require('./settings.js');

const COMMANDS = ['list', 'status', 'reload', 'scale', 'restart', 'stop', 'logs'];

// What people type elsewhere.
const ALIASES = { __proto__: null, ls: 'list' };

const COMMON = { help: { type: 'boolean', short: 'h' } };
const OF_RUN = { ...COMMON, version: { type: 'boolean', short: 'v' }, config: { type: 'string' } };
const OF_COMMAND = { ...COMMON, json: { type: 'boolean' } };
const OF_LOGS = { ...OF_COMMAND, lines: { type: 'string', short: 'n' }, 'no-follow': { type: 'boolean' } };

for (const [name, { isFlag, short }] of Object.entries(SETTINGS)) {
  OF_RUN[toOption(name)] = { type: isFlag ? 'boolean' : 'string', ...(short && { short }) };
}

/**
 * @param {string[]} args
 * @returns {{ command: string, options: object, positionals: string[], rest: string[] }} `rest` follows `--`
 */
function readArguments(args) {
  const first = ALIASES[args[0]] ?? args[0];
  const isCommand = COMMANDS.includes(first);
  const command = isCommand ? first : 'run';
  const known = command === 'logs' ? OF_LOGS : isCommand ? OF_COMMAND : OF_RUN;
  const end = args.indexOf('--');
  const own = args.slice(isCommand ? 1 : 0, end < 0 ? undefined : end);
  const rest = end < 0 ? [] : args.slice(end + 1);
  try {
    const { values, positionals } = parseArgs({ args: own, options: known, allowPositionals: true });
    return { command, options: values, positionals, rest };
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    const [, lacking] = /^Option '(?:-\w, )?(--?[\w-]+).*' argument (?:missing|is ambiguous)/.exec(error.message) ?? [];
    if (lacking) {
      const [long] = Object.entries(known).find(([name, { short }]) => [`-${short}`, `--${name}`].includes(lacking));
      throw new Failure(`--${long} lacks its value; one that begins with - follows =`, USAGE);
    }
    const [, unknown] = /^Unknown option '(--[^' =]+)'/.exec(error.message) ?? [];
    const names = Object.keys(known).map((name) => `--${name}`);
    const hint = unknown ? suggestion(unknown, names) : '';
    throw new Failure(`${error.message.split(/[.\n]/)[0]}${hint}`, USAGE);
  }
}

module.exports = { COMMANDS, readArguments };
