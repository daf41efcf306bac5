'use strict';

// The command `cluster-rs`: runs a program on all cores, or talks to one that runs.

const { readArguments } = require('./arguments.js');
const { Failure, USAGE } = require('./failure.js');
const { HELP } = require('./help.js');

/** @param {string[]} args what follows the command's name */
async function main(args) {
  let wantsJson = args.includes('--json');
  try {
    const { command, options, positionals, rest } = readArguments(args);
    wantsJson = Boolean(options.json);
    if (options.help) process.stdout.write(HELP);
    else if (options.version) console.log(require('../../package.json').version);
    else if (command === 'run') await require('./run.js').run(options, positionals, rest);
    else await require('./client.js').talk(command, options, positionals);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message } = error;
    const hint = code === USAGE ? 'See cluster-rs --help.\n' : '';
    const text = wantsJson ? JSON.stringify({ error: { code, message } }) : `cluster-rs: ${message}`;
    process.stderr.write(`${text}\n${wantsJson ? '' : hint}`);
    process.exitCode = code;
  }
}

module.exports = { main };
