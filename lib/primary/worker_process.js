'use strict';

const { ChildProcess } = require('node:child_process');
const EventEmitter = require('node:events');
const { constants } = require('node:os');
const { Map, Object, Reflect, String, arrays, nextTick } = require('../primordials.js');
const errors = require('../errors.js');
const { findSymbol } = require('../symbols.js');
const { explain } = require('./missing_folder.js');

const permission = process.permission && require('../permission.js');

// What a descriptor of the worker is, where it is none of this process's.
const IGNORE = -1;
const PIPE = -2;
const CHANNEL = -3;

const signalNames = new Map(
  // Some have two names; Node tells the first.
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

const optionsOf = ([file, args, cwd, envPairs, stdio, , uid, gid]) => ({ file, args, cwd, envPairs, stdio, uid, gid });

/** The number by which the addon knows what Node has made of an entry of `stdio`. */
function placeOf({ type, fd, handle }) {
  if (type === 'ignore') return IGNORE;
  if (type === 'pipe' || type === 'overlapped') return PIPE;
  return type === 'wrap' ? handle.fd : fd;
}

/** Reads what nobody has read yet, so that the streams end; but not from those that another process reads now. */
function flush(child) {
  for (const stream of child.stdio ?? []) {
    if (stream?.readable && !stream[findSymbol(stream, 'kIsUsedAsStdio')]) stream.resume();
  }
}

/** One of the things has ended that a `ChildProcess` waits for before it emits `close`: its process, its streams, its channel. */
function closed(child) {
  if (++child._closesGot === child._closesNeeded) child.emit('close', child.exitCode, child.signalCode);
}

/**
 * What a `ChildProcess` has for a handle: its `spawn` calls it to start a process, its `kill` to send a signal. It tells
 * how the process has ended (`ProcessWrap` in `src/process_wrap.cc`, `ChildProcess` in `lib/internal/child_process.js`).
 */
class Process {
  #child;
  #own;
  #start;
  #beforeSignal;
  #native;
  #folder;

  /**
   * @param {ChildProcess} child nothing is started for it yet
   * @param {object} [own] the handle that Node has given to it
   * @param {object} functions
   * @param {(program: object, onexit: (code: number, signal: number) => void) => object} functions.start calls the addon,
   *   which calls `onexit` later
   * @param {() => void} functions.beforeSignal
   */
  constructor(child, own, { start, beforeSignal }) {
    this.#child = child;
    this.#own = own;
    this.#start = start;
    this.#beforeSignal = beforeSignal;
  }

  /**
   * @param {...unknown} given the options or, since Node 24, each by itself
   * @returns {number} 0, or a negative error number
   */
  spawn(...given) {
    const { file, args, cwd, envPairs, stdio, uid, gid } = given.length === 1 ? given[0] : optionsOf(given);
    permission?.askToSpawn(this.#own, given);
    this.#folder = typeof cwd === 'string' && cwd !== '' ? cwd : undefined; // A `Buffer` is passed over.
    const program = {
      file,
      args: arrays.map(args, String),
      environment: envPairs,
      folder: this.#folder,
      stdio: arrays.map(stdio, placeOf),
      user: uid ?? undefined,
      group: gid ?? undefined,
    };
    this.#native = this.#start(program, (code, signal) => {
      if (signal > 0) this.onexit(0, signalNames.get(signal) ?? String(signal));
      else this.onexit(code, '');
    });
    const { errno, pid, pipes } = this.#native;
    for (let i = 0; i < pipes.length; i++) {
      if (pipes[i] >= 0) stdio[i].handle.open(pipes[i]);
    }
    this.pid = pid ?? undefined;
    return errno;
  }

  /** Called when the process has ended, and by Node when it could not be started: with an error number for a code. */
  onexit(exitCode, signalCode) {
    const child = this.#child;
    if (signalCode) child.signalCode = signalCode;
    else child.exitCode = exitCode;
    child.stdin?.destroy();
    child._handle = null;
    if (exitCode < 0) {
      const { spawnfile, spawnargs } = child;
      const error = errors.fromSystem(exitCode, `spawn ${spawnfile}`);
      explain(error, this.#folder);
      child.emit('error', Object.assign(error, { path: spawnfile, spawnargs: arrays.slice(spawnargs, 1) }));
    } else {
      child.emit('exit', child.exitCode, child.signalCode);
    }
    nextTick(flush, child);
    closed(child);
  }

  kill(signal) {
    this.#beforeSignal();
    return this.#native.kill(signal);
  }

  ref() {
    this.#native.keepAlive(true);
  }

  unref() {
    this.#native.keepAlive(false);
  }

  close() {}
}

/** A `ChildProcess` without a handle. Node's constructor gives it one that goes only after it has had a process. */
function createProcess() {
  const child = Object.create(ChildProcess.prototype);
  Reflect.apply(EventEmitter, child, []);
  return Object.assign(child, {
    _closesNeeded: 1,
    _closesGot: 0,
    connected: false,
    signalCode: null,
    exitCode: null,
    killed: false,
    spawnfile: null,
  });
}

/**
 * Gives a `ChildProcess` a handle by which the addon starts its process.
 * @param {ChildProcess} child
 * @param {object} functions as for {@link Process}
 */
function giveHandle(child, functions) {
  const own = child._handle;
  child._handle = new Process(child, own, functions);
  if (!own) return;
  // Nobody can free it. At least it holds nothing.
  own.onexit = undefined;
  own[findSymbol(own, 'owner_symbol')] = undefined;
}

module.exports = { CHANNEL, closed, createProcess, giveHandle };
