'use strict';

// Gives kept-alive connections back to the primary while this worker goes on: as many as the dispatcher asks for, because
// their clients are better off elsewhere, and those that have been idle for seconds, because they cost memory.

const diagnostics = require('node:diagnostics_channel');
const { WeakMap, clearInterval, nextTick, setInterval } = require('../primordials.js');
const { canMove, isQuiet, move, socketsOf } = require('./moving.js');

// How often to look for connections that have been idle, in milliseconds, and how many looks later they leave.
const LOOK_EVERY = 1000;
const LOOKS = 3;

const ANSWERED = 'http.server.response.finish';

class Rebalancing {
  #servers;
  #native;
  #timer;
  #isAsked = false;
  #isLooking = false;
  #idle = new WeakMap(); // how much had been read from a socket when it was first found idle, and how many looks ago

  /**
   * @param {import('./servers.js').Servers} servers
   * @param {object} native the addon's `Worker`
   */
  constructor(servers, native) {
    this.#servers = servers;
    this.#native = native;
  }

  /** Has connections leave that are idle, until {@link stop} is called. */
  start() {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY).unref();
  }

  stop() {
    clearInterval(this.#timer);
    this.#servers = undefined;
  }

  /** The dispatcher asks for connections: those that are idle leave now, the others when they are answered. */
  asked() {
    if (this.#isAsked || !this.#servers) return;
    this.#isAsked = true;
    diagnostics.subscribe(ANSWERED, this.#lookSoon);
    this.#giveBack();
  }

  #lookSoon = () => {
    if (this.#isLooking) return;
    this.#isLooking = true;
    nextTick(() => {
      this.#isLooking = false;
      this.#giveBack();
    });
  };

  /** Only Node knows which are idle: of the next request on a connection, a part may have been read. */
  #giveBack() {
    for (const [server, listener] of this.#servers?.listeners() ?? []) {
      for (const socket of socketsOf(server, 'idle')) {
        if (!this.#isWanted() || !this.#leave(socket, listener)) return;
      }
    }
    this.#isWanted();
  }

  /** Whether the dispatcher still asks. */
  #isWanted() {
    if (this.#servers && this.#native.asked > 0) return true;
    this.#isAsked = false;
    diagnostics.unsubscribe(ANSWERED, this.#lookSoon);
    return false;
  }

  #leave(socket, listener, idleFor) {
    return !isQuiet(socket) || !canMove(socket, listener) || move(socket, this.#native, idleFor);
  }

  #look() {
    for (const [server, listener] of this.#servers.listeners()) {
      for (const socket of socketsOf(server, 'idle')) {
        const bytesRead = socket?._handle?.bytesRead;
        // A client that has said nothing yet is not waited for in vain here: servers have a limit of their own for that.
        if (!bytesRead) continue;
        const found = this.#idle.get(socket);
        if (found?.bytesRead !== bytesRead) this.#idle.set(socket, { bytesRead, looks: 0 });
        else if (++found.looks >= LOOKS && !this.#leave(socket, listener, LOOK_EVERY * LOOKS)) return;
      }
    }
  }
}

module.exports = { Rebalancing };
