'use strict';

// Several applications of one file: each under a command of its own, which this process starts, and ends with itself.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { Failure, USAGE } = require('../failure.js');
const { howItEnded } = require('../../supervisor/member.js');
const { say } = require('../sink.js');

const command = path.join(__dirname, '../../../bin/cluster-rs.js');

// Passed on to all.
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];

// These are for one process, and systemd's.
const FOR_ONE = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID', 'LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES'];

function start(name, file, options, rest) {
  const told = { ...options, config: path.resolve(file), only: name };
  const args = Object.entries(told).map(([option, value]) => (value === true ? `--${option}` : `--${option}=${value}`));
  const env = { ...process.env };
  for (const variable of FOR_ONE) delete env[variable];
  // In a group of its own: what a terminal sends to all is passed on, once.
  return spawn(process.execPath, [...process.execArgv, command, ...args, '--', ...rest], {
    detached: true,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/**
 * Runs applications until all have ended. Exits with 1 if one has failed.
 * @param {object[]} applications
 * @param {string} file where they are
 * @param {object} options of the command line
 * @param {string[]} rest arguments for the programs
 */
async function runTogether(applications, file, options, rest) {
  if (options.name !== undefined) {
    throw new Failure(`--name is for one application: ${file} has ${applications.length}; choose by --only`, USAGE);
  }
  if (process.env.NOTIFY_SOCKET !== undefined) {
    say('systemd is not told when several applications are ready: have a unit for each, with --only NAME');
  }
  const children = applications.map((application) => start(application.entryName, file, options, rest));
  for (const signal of SIGNALS) process.on(signal, () => children.forEach((child) => child.kill(signal)));
  const endings = children.map(async (child, i) => {
    const [code, signal] = await once(child, 'exit');
    if (code === 0) return;
    process.exitCode = 1;
    say(`${applications[i].settings.name} ${howItEnded({ code, signal })}`);
  });
  await Promise.all(endings);
  process.disconnect?.();
}

/** Has this process stop when the one ends that has started it by {@link runTogether}. */
function endWithParent() {
  if (process.channel === undefined) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

module.exports = { endWithParent, runTogether };
