'use strict';

// What is to be done before this process ends.

const { Number, Object, Promise, Reflect, arrays, setImmediate, setTimeout } = require('./primordials.js');

const fs = require('node:fs');
const { signals } = require('node:os').constants;
const { isatty } = require('node:tty');
const { unwritten } = require('./handles.js');
const { Progress, SILENCE_OF_OUTPUT } = require('./progress.js');

// How often to look whether the output is written, in milliseconds.
const LOOK_EVERY = 10;

const exitActions = [];
const endActions = [];
let isWatching = false;
let isDone = false;
let takeSignal; // see `takeDeadlySignals`

/** Whether this process exits. The event does not say so: programs emit it, too. */
const isExiting = () => process._exiting;

/** Before this process ends, or does what may end it. */
function prepare(isCertain) {
  for (const action of endActions) action(isCertain);
}

function exit() {
  if (isDone) return;
  isDone = true;
  for (const action of exitActions) action();
  prepare(true);
}

const onExit = () => {
  if (isExiting()) exit();
};

/** Whether a signal ends this process: it goes to this process, which does not listen to it. */
function isDeadly(pid, signal) {
  if (signal === 0 || (pid > 0 && Number(pid) !== process.pid)) return false;
  return !arrays.some(Object.keys(signals), (name) => signals[name] === signal && process.listenerCount(name) > 0);
}

/** Has `action` called before a function of `process` is, with the same arguments. What it returns, if anything, stands for it. */
function precede(name, action) {
  const original = process[name];
  if (original === undefined) return; // Node 20 has no `execve`.
  const functions = {
    [name](...args) {
      return action(...args) ?? Reflect.apply(original, this, args);
    },
  };
  process[name] = functions[name];
}

/** Watches the ways in which a process ends itself. `process.exit` and `process.kill` go through these, too. */
function watch() {
  if (isWatching) return;
  isWatching = true;
  process.on('exit', onExit);
  process.on('removeListener', (name, listener) => {
    if (listener === onExit) process.on(name, listener);
  });
  precede('reallyExit', exit);
  precede('abort', () => prepare(true));
  precede('execve', () => prepare(true));
  precede('_kill', kill);
}

function kill(pid, signal) {
  const isCertain = isDeadly(pid, signal);
  if (isCertain && takeSignal?.(signal)) return 0;
  prepare(isCertain);
  return undefined;
}

/**
 * Has `take` called with the number of a signal by which this process wants to end itself. If it returns `true`, the signal
 * is not sent. `undefined` undoes it.
 */
function takeDeadlySignals(take) {
  watch();
  takeSignal = take;
}

/** Has `action` called when this process exits, before the program's own listeners that are added later. */
function atExit(action) {
  watch();
  arrays.push(exitActions, action);
}

/**
 * Has `action` called when this process exits, and before it aborts, sends a signal or becomes another program. Its
 * argument is `false` where the process is to live on.
 */
function atEnd(action) {
  watch();
  arrays.push(endActions, action);
}

/** Which standard streams of this process are terminals. */
const terminals = () => arrays.filter([0, 1, 2], isatty);
const terminalsAtStart = terminals();

/** Closes terminals that have gone: Node, which sets them as they were when it exits, aborts if it can't. */
function leaveTerminals() {
  const left = terminals();
  for (const fd of terminalsAtStart) {
    if (!arrays.includes(left, fd)) fs.closeSync(fd);
  }
}

/** Ends this process when what it has printed is written; if nobody reads that, soon. */
async function exitWhenWritten(code) {
  await new Promise((resolve) => setImmediate(resolve)); // What is to be printed yet is.
  const printing = new Progress(unwritten, SILENCE_OF_OUTPUT);
  while (unwritten() > 0 && printing.goesOn) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  leaveTerminals();
  process.exit(code);
}

module.exports = { atExit, atEnd, isExiting, exitWhenWritten, takeDeadlySignals, terminals };
