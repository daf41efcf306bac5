'use strict';

// A systemd unit for a program that runs: `docs/systemd.md` says why it is as it is.

const { spawnSync } = require('node:child_process');
const os = require('node:os');

// How much longer systemd waits than the command needs to stop, in seconds.
const MARGIN = 5;

// The first systemd that waits for a reload that a signal has begun.
const WAITS_FOR_RELOADS = 253;

/** How systemd is to hear of starts and reloads, as far as the one of this machine understands that. */
function typeLines() {
  const { stdout } = spawnSync('systemctl', ['--version'], { encoding: 'utf8' });
  const [, version = WAITS_FOR_RELOADS] = /^systemd (\d+)/.exec(stdout ?? '') ?? [];
  if (Number(version) >= WAITS_FOR_RELOADS) return 'Type=notify-reload';
  return 'Type=notify\nExecReload=/bin/kill -HUP $MAINPID';
}

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
 * @param {{ gracePeriod: number, killTimeout: number, lameDuck: number }} times of the supervisor, in milliseconds
 */
function factsForUnit({ folder, startFolder = folder, name }, { gracePeriod, killTimeout, lameDuck }) {
  const [, command, ...args] = process.argv;
  return {
    name,
    folder: startFolder,
    command: [process.execPath, ...process.execArgv, command, ...args],
    user: os.userInfo().username,
    environment: process.env.NODE_ENV === undefined ? [] : [`NODE_ENV=${process.env.NODE_ENV}`],
    stopSeconds: Math.ceil((lameDuck + gracePeriod + killTimeout) / 1000) + MARGIN,
  };
}

/**
 * @param {ReturnType<typeof factsForUnit>} facts
 * @returns {string} the text of the unit
 */
function unitOf({ name, folder, command, user, environment, stopSeconds }) {
  return `# /etc/systemd/system/${name}.service, for: systemctl daemon-reload && systemctl enable --now ${name}
[Unit]
Description=${plain(name)}
After=network.target

[Service]
${typeLines()}
WorkingDirectory=${plain(folder)}
ExecStart=${command.map(argument).join(' ')}
WatchdogSec=10s
TimeoutStopSec=${stopSeconds}s
KillMode=mixed
Restart=on-failure
User=${user}
RuntimeDirectory=${plain(name)}
Environment=${[`XDG_RUNTIME_DIR=/run/${name}`, ...environment].map(quote).join(' ')}
# Other variables that the program needs: Environment=NAME=VALUE, or EnvironmentFile=PATH

[Install]
WantedBy=multi-user.target
`;
}

module.exports = { factsForUnit, unitOf };
