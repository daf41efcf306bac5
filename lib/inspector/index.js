'use strict';

// Opens the inspector of a process for a while, from outside and without the program's help: also while its JavaScript is
// blocked. Nobody else is let in for longer than that takes.

const { Error, Promise, arrays, setTimeout } = require('../primordials.js');
const { now } = require('../clock.js');
const { LocalPorts, handlesSigusr1 } = require('./port.js');
const { addressAt, openSession } = require('./session.js');

const LOOK_EVERY = 5;
const LOOK_LATER_EVERY = 250;

// An inspector answers from a thread of its own. What does not within so many milliseconds is a server of a program that is blocked.
const ANSWER_WITHIN = 200;

// Node opens the inspector as soon as JavaScript can be interrupted, and once more, if it is closed by then, when the event loop
// turns.
const CLOSE = 'setImmediate(() => setImmediate(() => process._debugEnd())); process._debugEnd()';

const delay = (time) => new Promise((resolve) => setTimeout(resolve, time).unref());

/** Where a process's inspector is, if it is at one of these ports; `undefined` if it is not. */
async function find(ports) {
  for (const asked of arrays.map(ports, (port) => addressAt(port, ANSWER_WITHIN))) {
    const url = await asked;
    if (url !== undefined) return url;
  }
  return undefined;
}

/** Closes the inspector that a session is with, also while JavaScript is blocked or paused. */
async function closeBy(session) {
  if (session.isClosed) return;
  const closed = new Promise((resolve) => session.once('close', resolve));
  session.send('Runtime.evaluate', { expression: CLOSE }).catch(() => {}); // It can't answer any more.
  await closed;
}

/** Closes a process's inspector, which may not have been opened yet, unless the process ends before. */
async function closeWhenOpen(ports, isOpen) {
  for (;;) {
    try {
      const found = await ports.look();
      if (found.length === 0 && isOpen) return; // Somebody else has closed it.
      const url = await find(found);
      if (url !== undefined) return await closeBy(await openSession(url));
    } catch (error) {
      if (error.code === 'ENOENT' || error.code === 'EINVAL' || error.code === 'ESRCH') return; // The process has gone.
    }
    await delay(LOOK_LATER_EVERY);
  }
}

/** The inspector of a process, open. */
class Inspector {
  #ports;

  constructor(url, ports) {
    /** Where it is, for {@link openSession}. */
    this.url = url;
    this.#ports = ports;
  }

  /**
   * Closes it as soon as that can be done. Does not fail.
   * @param {import('./session.js').Session} [session] with it, if there is one
   */
  async close(session) {
    if (session) await closeBy(session);
    await closeWhenOpen(this.#ports, true); // The session may have been over before.
  }
}

/**
 * Has a process open its inspector, by SIGUSR1.
 * @param {number} pid of Node, with no listener for that signal of its own
 * @param {number} patience how long to wait for it, in milliseconds
 * @returns {Promise<Inspector>} If it is rejected, an inspector that is opened later is closed.
 */
async function openInspector(pid, patience) {
  const end = now() + patience;
  const ports = new LocalPorts(pid);
  if ((await find(await ports.look())) !== undefined) throw new Error('its inspector is open already');
  await ports.ignore();
  if (!(await handlesSigusr1(pid))) {
    throw new Error(
      'it has no inspector, as under the permission model and with --disable-sigusr1, or has only just started',
    );
  }
  process.kill(pid, 'SIGUSR1');
  while (now() < end) {
    await delay(LOOK_EVERY);
    const url = await find(await ports.look());
    if (url !== undefined) return new Inspector(url, ports);
  }
  closeWhenOpen(ports, false);
  throw new Error('it is stopped, or blocked outside of JavaScript');
}

module.exports = { openInspector };
