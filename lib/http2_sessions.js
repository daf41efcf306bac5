'use strict';

// The HTTP/2 sessions of servers: not every release of Node has a list of them.

const sessionsOf = new WeakMap();

/** Takes note of a server's sessions, if it is for HTTP/2. */
function watchSessions(server) {
  const isHttp2 = typeof server.updateSettings === 'function';
  if (!isHttp2 || sessionsOf.has(server)) return;
  const sessions = new Set();
  sessionsOf.set(server, sessions);
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
}

/** Asks the clients of a server to open another session for what comes next (GOAWAY); what has begun goes on. */
function closeSessions(server) {
  for (const session of sessionsOf.get(server) ?? []) session.close();
}

module.exports = { closeSessions, watchSessions };
