'use strict';

// `worker.process`: a worker's process in the shape of a `ChildProcess`, started by the addon.

const { ChildProcess } = require('node:child_process');
const diagnostics = require('node:diagnostics_channel');
const EventEmitter = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const { constants } = require('node:os');
const errors = require('../errors.js');
const { streamHandle } = require('../channel/handles.js');
const { askToSpawn } = require('../permission.js');
const { handOver, PIPE } = require('./stdio.js');

const created = diagnostics.channel('child_process');

const signalNames = new Map(
  // Some have two names; Node tells the first.
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

// These reach the program as an `error` event: its next fork may work.
const reported = new Set(['EACCES', 'EAGAIN', 'EMFILE', 'ENFILE', 'ENOENT'].map((name) => -constants.errno[name]));

const isMissing = (folder) => folder !== undefined && !fs.existsSync(folder);

/**
 * Starts a worker's process.
 * @param {ChildProcess} child what {@link createProcess} has made
 * @param {object} program
 * @param {string} program.file what to run
 * @param {string[]} program.spawnargs its arguments as the program sees them, with its own name first
 * @param {{ folder?: string }} program.options where to run it, if not here
 * @param {number[]} program.places from `normalizeStdio`
 * @param {object[]} program.streams from `normalizeStdio`
 * @param {import('../channel/index.js').Channel} program.channel not yet open
 * @param {(events: object) => object} program.start calls the addon, which calls `events.onexit(code, signal)` later
 */
function startProcess(child, { file, spawnargs, options, places, streams, channel, start }) {
  let closesAwaited = 1;
  const closed = () => {
    if (--closesAwaited === 0) child.emit('close', child.exitCode, child.signalCode);
  };

  const ended = () => {
    child.stdin?.destroy();
    child._handle = null;
  };
  const afterEnd = () => {
    // What nobody has read yet is read, so that the streams end.
    process.nextTick(() => {
      for (const stream of child.stdio) {
        if (stream?.readable) stream.resume();
      }
    });
    closed();
  };

  child.spawnfile = file;
  child.spawnargs = spawnargs;
  askToSpawn(child, file, spawnargs);
  const native = start({
    onexit(code, signal) {
      if (signal > 0) child.signalCode = signalNames.get(signal) ?? String(signal);
      else child.exitCode = code;
      ended();
      child.emit('exit', child.exitCode, child.signalCode);
      afterEnd();
    },
  });

  const { errno } = native;
  if (errno !== 0 && !reported.has(errno)) {
    for (const fd of native.pipes) {
      if (fd >= 0) streamHandle(fd, false).close();
    }
    native.channel?.close();
    child._handle = null;
    throw errors.fromSystem(errno, 'spawn');
  }
  child._handle = {
    pid: native.pid,
    kill(signal) {
      channel.flush(); // What was sent before the signal arrives before it.
      return native.kill(signal);
    },
    ref: () => native.keepAlive(true),
    unref: () => native.keepAlive(false),
    close() {},
  };
  if (errno === 0) {
    process.nextTick(() => child.emit('spawn'));
  } else {
    process.nextTick(() => {
      child.exitCode = errno;
      ended();
      const error = errors.fromSystem(errno, `spawn ${file}`);
      // Node's error names the program, whatever was missing.
      if (isMissing(options.folder)) error.cause = errors.noFolder(options.folder);
      child.emit('error', Object.assign(error, { path: file, spawnargs: spawnargs.slice(1) }));
      afterEnd();
    });
    // Without descriptors there is nothing to connect either.
    if (!native.channel) return;
  }
  child.pid = native.pid ?? undefined;

  for (const stream of streams) handOver(stream);
  child.stdio = places.map((place, i) => {
    if (place !== PIPE) return null;
    const handle = errno === 0 ? streamHandle(native.pipes[i], false) : null;
    if (errno !== 0) streamHandle(native.pipes[i], false).close();
    const socket = new net.Socket({ handle, readable: i > 0 });
    if (i > 0 && handle) {
      closesAwaited++;
      socket.on('close', closed);
    }
    return socket;
  });
  [child.stdin, child.stdout, child.stderr] = child.stdio;

  closesAwaited++;
  channel.open(native.channel, closed);
}

/** A `ChildProcess` that nothing is started for yet. */
function createProcess() {
  const child = Object.create(ChildProcess.prototype);
  EventEmitter.call(child);
  child.connected = false;
  child.signalCode = null;
  child.exitCode = null;
  child.killed = false;
  child.spawnfile = null;
  child.stdio = [];
  if (created.hasSubscribers) created.publish({ process: child });
  return child;
}

module.exports = { createProcess, startProcess };
