'use strict';

// A systemd unit for a program that runs: `docs/systemd.md` says why it is as it is.

const { spawnSync } = require('node:child_process');
const os = require('node:os');

// How much longer systemd waits than the command needs to stop, in seconds.
const MARGIN = 5;

// The first systemd that waits for a reload that a signal has begun, and the first that says how many sockets it keeps.
const WAITS_FOR_RELOADS = 253;
const SAYS_WHAT_IT_KEEPS = 254;

// How many sockets it is to keep for the next start. Few programs have more.
const MOST_KEPT = 32;

/** The release of this machine's systemd; a new one, if there is none. */
function versionOfSystemd() {
  const { stdout } = spawnSync('systemctl', ['--version'], { encoding: 'utf8' });
  const [, version = SAYS_WHAT_IT_KEEPS] = /^systemd (\d+)/.exec(stdout ?? '') ?? [];
  return Number(version);
}

/** How systemd is to hear of starts and reloads. */
const typeLines = (version) =>
  version >= WAITS_FOR_RELOADS ? 'Type=notify-reload' : 'Type=notify\nExecReload=/bin/kill -HUP $MAINPID';

/** A value as systemd takes it from a unit: without its specifiers. */
const plain = (text) => text.replaceAll('%', '%%');

/** One argument of `ExecStart`, or an assignment of `Environment`. */
function quote(text) {
  const escaped = plain(text).replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
  return /^[\w@+:,./=%-]+$/.test(text) ? escaped : `"${escaped}"`;
}

/** The same, where systemd also puts in variables. */
const argument = (text) => quote(text).replaceAll('$', '$$$$');

/**
 * What a unit is made of, as the program that runs knows it.
 * @param {object} settings of the command, see `configuration.js`
 * @param {object} options of the supervisor
 */
function factsForUnit({ folder, startFolder = folder, name }, options) {
  const { finishWithoutPrimary, gracePeriod, killTimeout, lameDuck } = options;
  const [, command, ...args] = process.argv;
  return {
    name,
    folder: startFolder,
    command: [process.execPath, ...process.execArgv, command, ...args],
    user: os.userInfo().username,
    environment: process.env.NODE_ENV === undefined ? [] : [`NODE_ENV=${process.env.NODE_ENV}`],
    outlives: finishWithoutPrimary,
    stopSeconds: Math.ceil((lameDuck + gracePeriod + killTimeout) / 1000) + MARGIN,
  };
}

/**
 * @param {ReturnType<typeof factsForUnit>} facts
 * @returns {string} the text of the unit
 */
function unitOf({ name, folder, command, user, environment, outlives, stopSeconds }) {
  const version = versionOfSystemd();
  const variables = [`XDG_RUNTIME_DIR=/run/${name}`, ...environment];
  if (version < SAYS_WHAT_IT_KEEPS) variables.push(`FDSTORE=${MOST_KEPT}`);
  return `# /etc/systemd/system/${name}.service, for: systemctl daemon-reload && systemctl enable --now ${name}
[Unit]
Description=${plain(name)}
After=network.target

[Service]
${typeLines(version)}
WorkingDirectory=${plain(folder)}
ExecStart=${command.map(argument).join(' ')}
WatchdogSec=10s
TimeoutStopSec=${stopSeconds}s
KillMode=${outlives ? 'process' : 'mixed'}
Restart=on-failure
OOMPolicy=continue
FileDescriptorStoreMax=${MOST_KEPT}
User=${user}
RuntimeDirectory=${plain(name)}
RuntimeDirectoryPreserve=restart
Environment=${variables.map(quote).join(' ')}
# Other variables that the program needs: Environment=NAME=VALUE, or EnvironmentFile=PATH

[Install]
WantedBy=multi-user.target
`;
}

module.exports = { factsForUnit, unitOf };
