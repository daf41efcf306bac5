'use strict';

// The HTTP/2 sessions of servers, and how their clients are asked to open others (RFC 9113, section 6.8). Not every release
// of Node has a list of them.

const { now } = require('../clock.js');
const { findSymbol } = require('../symbols.js');

const { Map, WeakMap, clearTimeout, setImmediate, setTimeout } = require('../primordials.js');

const sessionsOf = new WeakMap();

// The highest number that a stream can have: it says that whatever is on its way is still answered.
const ANY_STREAM = 2 ** 31 - 1;

// For how long the client's answer to a ping is waited for, in milliseconds.
const PATIENCE = 1000;

// Some clients give up what they have not sent yet, or even all that is not answered, when they are asked. So that is done
// when nothing is going on in the session or, after so many milliseconds, when the client has read the last answer and had
// the time to send what follows from it or, after twice as many, at any time.
const IDLE_WITHIN = 1000;

// How long after one attempt the next is made, in milliseconds.
const PAUSE = 20;

/** Takes note of a server's sessions, if it is for HTTP/2. */
function watchSessions(server) {
  const isHttp2 = typeof server.updateSettings === 'function';
  if (!isHttp2 || sessionsOf.has(server)) return;
  const sessions = new Map();
  sessionsOf.set(server, sessions);
  server.on('session', (session) => {
    sessions.set(session, false);
    session.once('close', () => sessions.delete(session));
  });
}

/** How many streams are open, and a number that changes when one of them ends. */
function streamsOf(session) {
  const { streams } = session[findSymbol(session, 'state')] ?? {};
  const open = streams?.size;
  return { open, ended: session.state.lastProcStreamID - 2 * open };
}

/** Asks a client to open another session for what comes next; what has begun goes on, and then this one is closed. */
function ask(session) {
  session.goaway(0, ANY_STREAM);
  // In the same turn, the ping would be written first.
  setImmediate(() => whenAnswered(session, () => session.close()));
}

/** Calls a function when the client has read what was sent until now; there may be no sign of it. */
function whenAnswered(session, act) {
  if (session.destroyed) return;
  let isOver = false;
  const once = () => {
    if (!isOver && !session.destroyed) act();
    isOver = true;
    clearTimeout(timer);
  };
  const timer = setTimeout(once, PATIENCE).unref();
  session.ping(once);
}

/** Asks a client when that harms it least. */
function askSoon(session, begun = now()) {
  const before = streamsOf(session);
  whenAnswered(session, () => {
    const { open, ended } = streamsOf(session);
    const waited = now() - begun;
    const isCalm = ended === before.ended && (open === 0 || waited > IDLE_WITHIN);
    if (isCalm || waited > 2 * IDLE_WITHIN) ask(session);
    else setTimeout(() => session.destroyed || askSoon(session, begun), PAUSE).unref();
  });
}

/** Has the sessions of a server end; to be called again for those that come later. */
function closeSessions(server) {
  const sessions = sessionsOf.get(server) ?? new Map();
  for (const [session, isEnding] of sessions) {
    if (isEnding || session.destroyed) continue;
    sessions.set(session, true);
    askSoon(session);
  }
}

module.exports = { closeSessions, watchSessions };
