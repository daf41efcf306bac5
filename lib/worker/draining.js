'use strict';

// A worker that ends before its clients do: each kept-alive connection goes to another worker between two requests, or
// ends with its next answer where it can't.

const diagnostics = require('node:diagnostics_channel');
const { Set, WeakMap, arrays, clearInterval, nextTick, setInterval } = require('../primordials.js');
const { now } = require('../clock.js');
const { closeSessions } = require('./http2_sessions.js');
const { makeLast } = require('./last_answer.js');
const { canMove, isQuiet, move, socketsOf } = require('./moving.js');
const { openConnections } = require('./servers.js');

// How often to look at the connections, in milliseconds. Most are looked at earlier, when an answer ends.
const LOOK_EVERY = 20;

// For how long a client that has just connected may take to say something, in milliseconds, when idle connections are closed.
const FIRST_REQUEST = 1000;

// For how long a connection that can't move may be idle, in milliseconds: as long as Node's servers let it be if nothing else
// is said. Its next answer ends it before.
const IDLE_FOR = 5000;

// For how long, in milliseconds, and for how many requests a connection waits until it can move. One that never can, since
// what the client says next always begins before the end of what it said last, ends with an answer. Time alone says
// nothing: on a busy machine it passes without a chance.
const MOVE_WITHIN = 1000;
const REQUESTS_WITHIN = 10;

class Draining {
  #servers;
  #native;
  #done;
  #moves = false;
  #movesUntil = 0;
  #requests = new WeakMap(); // how many have begun since then, by socket
  #patientUntil = 0;
  #idleSince = new WeakMap(); // those that can't move, by socket
  #kept; // the listeners that others serve
  #listeners; // by server
  #isLooking = false;
  #timer;

  /**
   * @param {import('./servers.js').Servers} servers
   * @param {object} native the addon's `Worker`
   * @param {() => void} done called when no connection is left
   */
  constructor(servers, native, done) {
    this.#servers = servers;
    this.#native = native;
    this.#done = done;
  }

  /** Whether connections of this listener are for other workers. */
  movesFrom(listener) {
    return this.#moves && this.#kept.has(listener);
  }

  /**
   * Begins to drain, or changes how.
   * @param {boolean} moves whether connections move; otherwise those that are idle are closed
   * @param {number[]} kept the listeners that go on without this worker; of no interest the second time
   */
  begin(moves, kept) {
    this.#moves = moves;
    this.#patientUntil = now() + FIRST_REQUEST;
    if (this.#kept) return;
    this.#movesUntil = now() + MOVE_WITHIN;
    this.#kept = new Set(kept);
    this.#listeners = this.#servers.stopAccepting();

    diagnostics.subscribe('http.server.request.start', ({ request, socket, response }) => {
      if (!this.#canMove(socket) || this.#neverMoves(socket)) makeLast(response);
      // The answer may come before it.
      request.once('end', () => this.#lookSoon());
    });
    diagnostics.subscribe('http.server.response.finish', () => this.#lookSoon());
    this.#endWithAnswers();
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY);
    this.#lookSoon();
    process.emit('drain');
  }

  /** Nobody is left to whom connections could move: each ends with its next answer. */
  stay() {
    this.#kept.clear();
    this.#endWithAnswers();
  }

  /** Has the connections that can't move end with the answers that are in progress. */
  #endWithAnswers() {
    for (const socket of this.#sockets('all')) {
      if (socket?._httpMessage && !this.#canMove(socket)) makeLast(socket._httpMessage);
    }
  }

  /** See {@link socketsOf}. */
  #sockets(which) {
    return arrays.flatMap([...this.#listeners.keys()], (server) => socketsOf(server, which));
  }

  #canMove(socket) {
    const listener = this.#listeners.get(socket.server);
    return this.movesFrom(listener) && canMove(socket, listener);
  }

  /** Called when a request begins. Whether there have been enough of them, without a moment in between. */
  #neverMoves(socket) {
    const count = (this.#requests.get(socket) ?? 0) + 1;
    this.#requests.set(socket, count);
    return count > REQUESTS_WITHIN && now() > this.#movesUntil;
  }

  /** Looks at those that are between two requests, before the loop reads what the client says to the last answer. */
  #lookSoon() {
    if (this.#isLooking) return;
    this.#isLooking = true;
    nextTick(() => {
      this.#isLooking = false;
      this.#release(this.#sockets('idle'));
    });
  }

  #look() {
    const silent = arrays.filter(this.#sockets('all'), isSilent);
    this.#release([...this.#sockets('idle'), ...silent]);
    for (const server of this.#listeners.keys()) closeSessions(server);
    const isServing = arrays.some([...this.#listeners.keys()], (server) => server._connections > 0);
    if (isServing || openConnections() > 0 || this.#native.isGivingBack || this.#native.hasQueued) return;
    clearInterval(this.#timer);
    this.#done();
  }

  #release(sockets) {
    for (const socket of arrays.filter(sockets, isQuiet)) {
      if (this.#canMove(socket)) {
        if (!move(socket, this.#native)) return;
      } else if (this.#isIdleForLong(socket)) {
        socket.destroySoon();
      }
    }
  }

  /** Whether a connection that can't move is closed although the client has not been asked to do that. */
  #isIdleForLong(socket) {
    if (!this.#moves) return !isSilent(socket) || now() > this.#patientUntil;
    const since = this.#idleSince.get(socket) ?? now();
    this.#idleSince.set(socket, since);
    return now() - since > IDLE_FOR;
  }
}

/** Whether the client has said nothing yet. */
function isSilent(socket) {
  return socket?._handle?.bytesRead === 0;
}

module.exports = { Draining };
