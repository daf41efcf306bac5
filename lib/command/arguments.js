'use strict';

const { parseArgs } = require('node:util');
const { Failure, USAGE, suggestion } = require('./failure.js');
const { SETTINGS, toOption } = require('./settings.js');

const COMMANDS = ['list', 'status', 'reload', 'upgrade', 'scale', 'restart', 'stop', 'logs', 'top', 'profile', 'unit'];

// What process managers call the same.
const OTHER_COMMANDS = {
  __proto__: null,
  ls: 'list',
  describe: 'status',
  monit: 'top',
  show: 'status',
  delete: 'stop',
  log: 'logs',
};
const OTHER_OPTIONS = {
  __proto__: null,
  '-i': '--workers',
  '--instances': '--workers',
  '--max-memory-restart': '--max-memory',
};

// What is something else here, and what to do instead.
const INSTEAD = {
  __proto__: null,
  kill: 'kill is cluster-rs stop [NAME] here, for one program: there is no daemon',
  startup: 'startup is systemd here: cluster-rs unit [NAME] prints a unit for what runs',
  save: 'save is systemd here: cluster-rs unit [NAME] prints a unit for what runs',
  resurrect: 'resurrect is systemd here: cluster-rs unit [NAME] prints a unit for what runs',
};

const COMMON = { help: { type: 'boolean', short: 'h' } };
const OF_RUN = {
  ...COMMON,
  version: { type: 'boolean', short: 'v' },
  config: { type: 'string' },
  env: { type: 'string' },
  only: { type: 'string' },
};
const OF_COMMAND = { ...COMMON, json: { type: 'boolean' } };
const OF_UPGRADE = { ...OF_COMMAND, node: { type: 'string' } };
const OF_PROFILE = { ...OF_COMMAND, cpu: { type: 'string' }, heap: { type: 'boolean' }, out: { type: 'string' } };
const OF_LOGS = { ...OF_COMMAND, lines: { type: 'string', short: 'n' }, 'no-follow': { type: 'boolean' } };

for (const [name, { isFlag, short }] of Object.entries(SETTINGS)) {
  OF_RUN[toOption(name)] = { type: isFlag ? 'boolean' : 'string', ...(short && { short }) };
}

/** The option that an argument names, by the names that there are; `undefined` if it is none of them. */
function optionOf(argument, known) {
  return Object.entries(known).find(([name, { short }]) => argument === `--${name}` || argument === `-${short}`);
}

/** The arguments in the words of this command. A number below zero is the value of the option before it, and no option. */
function translate(args, known) {
  const translated = [];
  for (const argument of args) {
    const [, option, value = ''] = /^(-\w|--[^=]+)(=.*)?$/s.exec(argument) ?? [];
    const last = translated.at(-1) ?? '';
    if (/^-\d/.test(argument) && optionOf(last, known)?.[1].type === 'string') {
      translated[translated.length - 1] = `--${optionOf(last, known)[0]}=${argument}`;
    } else translated.push(option in OTHER_OPTIONS ? OTHER_OPTIONS[option] + value : argument);
  }
  return translated;
}

/** What is wrong with the arguments, in the words of this command. */
function explain({ message }, known) {
  const [, lacking] = /^Option '(?:-\w, )?(--?[\w-]+).*' argument (?:missing|is ambiguous)/.exec(message) ?? [];
  if (lacking) {
    const [long] = optionOf(lacking, known);
    return `missing value of --${long}; write --${long}=VALUE for one that begins with -`;
  }
  const [, flag] = /^Option '(?:-\w, )?(--?[\w-]+).*' does not take an argument/.exec(message) ?? [];
  if (flag) return `unexpected value of ${flag}`;
  const [, unknown] = /^Unknown option '(--?[^' =]+)'/.exec(message) ?? [];
  if (unknown === undefined) return message.split(/[.\n]/)[0];
  const names = Object.keys(known).map((name) => `--${name}`);
  return `unknown option: ${unknown}${unknown.startsWith('--') ? suggestion(unknown, names) : ''}`;
}

/**
 * @param {string[]} args
 * @returns {{ command: string, options: object, positionals: string[], rest: string[] }} `rest` follows `--`
 */
function readArguments(args) {
  const [word] = args;
  if (word in INSTEAD) throw new Failure(INSTEAD[word], USAGE);
  if (word === 'help' || word === 'version') {
    return { command: 'run', options: { [word]: true }, positionals: [], rest: [] };
  }
  const first = OTHER_COMMANDS[word] ?? word;
  const isCommand = COMMANDS.includes(first);
  const command = isCommand ? first : 'run';
  const known = { run: OF_RUN, logs: OF_LOGS, profile: OF_PROFILE, upgrade: OF_UPGRADE }[command] ?? OF_COMMAND;
  const end = args.indexOf('--');
  const own = args.slice(isCommand || word === 'start' ? 1 : 0, end < 0 ? undefined : end);
  const rest = end < 0 ? [] : args.slice(end + 1);
  try {
    const { values, positionals } = parseArgs({
      args: command === 'run' ? translate(own, known) : own,
      options: known,
      allowPositionals: true,
    });
    return { command, options: values, positionals, rest };
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new Failure(explain(error, known), USAGE);
  }
}

module.exports = { COMMANDS, readArguments };
