'use strict';

// The HTTP/2 sessions of servers: not every release of Node has a list of them.

const { Map, WeakMap, clearTimeout, setImmediate, setTimeout } = require('../primordials.js');

const sessionsOf = new WeakMap();

// The highest number that a stream can have: it says that whatever is on its way is still answered.
const ANY_STREAM = 2 ** 31 - 1;

// For how long the client's answer to that is waited for, in milliseconds.
const PATIENCE = 1000;

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

/**
 * Asks the clients of a server to open another session for what comes next; what has begun goes on. As RFC 9113 has it
 * in its section on GOAWAY, the session is closed only when the client must have heard of it.
 */
function closeSessions(server) {
  const sessions = sessionsOf.get(server) ?? new Map();
  for (const [session, isAsked] of sessions) {
    if (isAsked || session.destroyed) continue;
    sessions.set(session, true);
    const close = () => session.close();
    const timer = setTimeout(close, PATIENCE).unref();
    session.goaway(0, ANY_STREAM);
    // In the same turn, the question would be written first.
    setImmediate(() => {
      if (session.destroyed) return;
      session.ping(() => {
        clearTimeout(timer);
        close();
      });
    });
  }
}

module.exports = { closeSessions, watchSessions };
