'use strict';

// The end of a worker whose connections have ended. It ends by itself when its event loop is empty. A program that handles
// a signal to end gets that, and the time that it takes for it. What only keeps the process alive does not count.

const { signals: numbers } = require('node:os').constants;
const { now } = require('../clock.js');
const { takeDeadlySignals } = require('../exit.js');
const { unwritten } = require('../handles.js');
const { clearInterval, nextTick, setInterval } = require('../primordials.js');
const { Progress, SILENCE_OF_OUTPUT } = require('../progress.js');
const { callAndWatch } = require('./consequences.js');
const { leaveToProgram } = require('./signals.js');

// How often to look, in milliseconds.
const LOOK_EVERY = 20;

// For how long what was begun for clients may go on when the signal would have ended the process at once in any other
// process, or when those who have heard it have done what they do, in milliseconds.
const AFTER_SIGNAL = 1000;

/** Has something happen in the program; what that throws is an uncaught exception. */
function emit(event, ...about) {
  try {
    process.emit(event, ...about);
  } catch (error) {
    nextTick(() => {
      throw error;
    });
  }
}

/** Calls the program's listeners, and nobody else's: packages that pass a signal on count them. */
function raise(signal) {
  leaveToProgram(signal);
  emit(signal, signal, numbers[signal]);
}

/**
 * Ends this process.
 * @param {object} words what tells the program that it is to end, if anything does
 * @param {string} [words.message] that it hears
 * @param {string[]} words.signals that it hears, in the order in which they count; where there is a message, none does
 * @param {import('./late_work.js').LateWork} lateWork
 */
function end({ message, signals }, lateWork) {
  let [signal, ...others] = message === undefined ? signals : [];
  let isPassedOn = false; // A listener has the signal end the process, as if it had not listened.
  let isHandled = () => false;
  const printing = new Progress(unwritten, SILENCE_OF_OUTPUT);
  let since; // when nobody handled it any more

  function begin() {
    isPassedOn = false;
    isHandled = callAndWatch(() => raise(signal));
  }

  function look() {
    if (isPassedOn && others.length > 0) {
      [signal, ...others] = others;
      begin();
    }
    if (isHandled() && !isPassedOn) {
      since = undefined;
      return;
    }
    since ??= now();
    const isTold = message !== undefined || signal !== undefined;
    const isOver = isTold && now() - since >= AFTER_SIGNAL;
    if (lateWork.isGoingOn && !isOver) return;
    if (unwritten() > 0 && printing.goesOn) return;
    clearInterval(timer);
    takeDeadlySignals(undefined);
    if (isPassedOn) process.kill(process.pid, signal);
    else process.exit(0);
  }

  const timer = setInterval(look, LOOK_EVERY).unref();
  if (signal !== undefined) {
    takeDeadlySignals((number) => {
      isPassedOn ||= number === numbers[signal];
      return number === numbers[signal];
    });
    begin();
  } else if (message !== undefined) isHandled = callAndWatch(() => emit('message', message));
  look();
}

module.exports = { end };
