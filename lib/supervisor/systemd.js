'use strict';

// A supervisor as a service of systemd: it says when it is ready, reloads and stops, and that it is alive; and its
// servers get the sockets that systemd has opened for them, or has kept since the last start.

const { Number, arrays, setInterval, setTimeout, strings } = require('../primordials.js');
const { binding } = require('../native.js');

const permission = process.permission && require('../permission.js');

// The first descriptor that systemd passes.
const FIRST_SOCKET = 3;

// How long servers may take after the start until they listen on all that there is, in milliseconds.
const PATIENCE = 1000;

/** Takes variables out of the environment, so that workers do not think that they are meant; gives their values. */
function take(...names) {
  const values = arrays.map(names, (name) => process.env[name]);
  for (const name of names) delete process.env[name];
  return values;
}

const isThisProcess = (pid) => pid === undefined || Number(pid) === process.pid;

function adoptSockets(native) {
  const [count, pid, given = ''] = take('LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES');
  if (count === undefined || pid === undefined || !isThisProcess(pid)) return;
  const names = strings.split(given, ':');
  for (let i = 0; i < Number(count); i++) {
    const fd = FIRST_SOCKET + i;
    if (native.adopt(fd, names[i] ?? '')) continue;
    process.emitWarning(`Descriptor ${fd} of systemd's is not a socket that a server can use`, {
      code: 'CLUSTER_RS_SYSTEMD',
    });
  }
}

/** Who connects to a socket that no server uses, waits for ever. Those that a server of earlier has used are closed. */
function tellUnused(native) {
  native.closeUnusedKept();
  for (const place of native.unusedSockets()) {
    process.emitWarning(`Socket of systemd's without a server: ${place}`, {
      code: 'CLUSTER_RS_SYSTEMD',
    });
  }
}

/**
 * Takes what systemd has given to this process alone, out of the environment as well.
 * @param {object} native the addon's `Primary`
 * @throws {Error} `ERR_ACCESS_DENIED` if Node's permission model denies connecting to it
 * @returns {{ tellOf: (supervisor: import('./index.js').Supervisor) => void, variables: Record<string, string>, isManaged: boolean }}
 *   `tellOf` has systemd told what a supervisor does; `variables` are for a process that follows this one
 */
function setUpSystemd(native) {
  if (process.env.NOTIFY_SOCKET !== undefined) permission?.askForPath(process.env.NOTIFY_SOCKET);
  const [socket, room] = take('NOTIFY_SOCKET', 'FDSTORE');
  if (socket !== undefined && Number(room) > 0) native.keepSockets(socket, Number(room));
  adoptSockets(native);
  const [interval, watched] = take('WATCHDOG_USEC', 'WATCHDOG_PID');
  if (socket !== undefined && !binding) {
    process.emitWarning("The manager of this service hears nothing from it: that needs cluster-rs's addon", {
      code: 'CLUSTER_RS_SYSTEMD',
    });
  }
  const isWatched = interval !== undefined && isThisProcess(watched);
  return {
    tellOf(supervisor) {
      supervisor.once('ready', () => setTimeout(tellUnused, PATIENCE, native).unref());
      if (socket !== undefined) tellOf(supervisor, socket, isWatched ? Number(interval) : 0);
    },
    isManaged: socket !== undefined,
    variables: {
      ...(socket !== undefined && { NOTIFY_SOCKET: socket }),
      ...(room !== undefined && { FDSTORE: room }),
      ...(isWatched && { WATCHDOG_USEC: interval }),
    },
  };
}

/** Tells systemd of a supervisor; that it is alive, if `interval` is more than 0, in microseconds. */
function tellOf(supervisor, socket, interval) {
  const tell = (...lines) => {
    if (!binding) return;
    if (binding.notify(socket, arrays.join(lines, '\n'))) return;
    process.emitWarning(`Missing manager of this service: nobody is listening on ${socket}`, {
      code: 'CLUSTER_RS_SYSTEMD',
    });
  };
  const status = () => `STATUS=${supervisor.workers.length} of ${supervisor.size} workers`;
  const tellReady = () => tell('READY=1', status());

  supervisor.once('ready', tellReady);
  supervisor.on('reload', (done, of) => {
    const now = process.hrtime.bigint() / 1000n; // of CLOCK_MONOTONIC
    if (done === 0) tell('RELOADING=1', `MONOTONIC_USEC=${now}`, `STATUS=Reloading ${of} workers`);
  });
  supervisor.on('reloaded', tellReady);
  supervisor.on('reloadFailed', tellReady);
  supervisor.on('scaled', () => tell(status()));
  supervisor.on('lameDuck', () => tell('STOPPING=1', 'STATUS=Accepting for a while'));
  supervisor.on('upgrade', () => tell('STATUS=Starting another primary'));
  supervisor.on('upgradeFailed', tellReady);
  supervisor.on('upgraded', (pid) => tell(`MAINPID=${pid}`));
  supervisor.on('predecessorEnded', tellReady); // Before that, another was the main process.
  supervisor.on('stop', () => tell('STOPPING=1', 'STATUS=Finishing requests'));
  if (interval > 0) {
    const beat = () => supervisor.workers.length > 0 && tell('WATCHDOG=1');
    setInterval(beat, interval / 2000).unref(); // Half of it, in milliseconds.
  }
}

module.exports = { setUpSystemd };
