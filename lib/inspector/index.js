'use strict';

// Opens the inspector of a process for a while, from outside and without the program's help: also while its JavaScript is
// blocked. Nobody else is let in for longer than that takes.

const { Error, Promise, arrays, setTimeout } = require('../primordials.js');
const { now } = require('../clock.js');
const { localPorts } = require('./port.js');
const { addressAt, openSession } = require('./session.js');

const LOOK_EVERY = 5;
const LOOK_LATER_EVERY = 250;

// Node opens the inspector as soon as JavaScript can be interrupted, and once more, if it is closed by then, when the event loop
// turns.
const CLOSE = 'setImmediate(() => setImmediate(() => process._debugEnd())); process._debugEnd()';

const delay = (time) => new Promise((resolve) => setTimeout(resolve, time).unref());

/** Where a process's inspector is, if it is at one of these ports; `undefined` if it is not. */
async function find(ports) {
  for (const port of ports) {
    const url = await addressAt(port);
    if (url !== undefined) return url;
  }
  return undefined;
}

/**
 * Has a process open its inspector, by SIGUSR1.
 * @param {number} pid of Node, with no listener for that signal of its own
 * @param {number} patience how long to wait for it, in milliseconds
 * @returns {Promise<string>} where it is, for {@link openSession}. If it is rejected, an inspector that is opened later is closed.
 */
async function openInspector(pid, patience) {
  const before = localPorts(pid);
  if ((await find(before)) !== undefined) throw new Error('its inspector is open already');
  process.kill(pid, 'SIGUSR1');
  const end = now() + patience;
  while (now() < end) {
    await delay(LOOK_EVERY);
    const url = await find(arrays.filter(localPorts(pid), (port) => !arrays.includes(before, port)));
    if (url !== undefined) return url;
  }
  closeLater(pid, before);
  throw new Error('it is stopped, or blocked outside of JavaScript');
}

/**
 * Closes the inspector that a session is with, also while JavaScript is blocked or paused.
 * @param {import('./session.js').Session} session
 */
async function closeInspector(session) {
  if (session.isClosed) return;
  const closed = new Promise((resolve) => session.once('close', resolve));
  session.send('Runtime.evaluate', { expression: CLOSE }).catch(() => {}); // It can't answer any more.
  await closed;
}

/** Closes an inspector when it opens, unless the process ends before. */
async function closeLater(pid, before) {
  try {
    for (;;) {
      await delay(LOOK_LATER_EVERY);
      const url = await find(arrays.filter(localPorts(pid), (port) => !arrays.includes(before, port)));
      if (url !== undefined) return await closeInspector(await openSession(url));
    }
  } catch {
    // The process has gone.
  }
}

module.exports = { closeInspector, openInspector };
