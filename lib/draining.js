'use strict';

// How a worker leaves without a client noticing: what has begun is finished, and connections that are kept alive go on
// at other workers between two requests.

const diagnostics = require('node:diagnostics_channel');
const http = require('node:http');
const { findSymbol } = require('./symbols.js');

// How often connections are looked at that nothing has happened to, in milliseconds.
const INTERVAL = 20;

// How long a client that has just connected has for its first request, where idle connections are closed, in milliseconds.
const FIRST_REQUEST = 1000;

/** The connections of an HTTP server, as Node lists them for `closeIdleConnections`. */
function connectionsOf(server) {
  return server[findSymbol(server, 'http.server.connections')];
}

class Draining {
  #servers;
  #native;
  #end;
  #moves;
  #since;
  #isEnding = false;

  /**
   * @param {import('./servers.js').Servers} servers
   * @param {object} native the addon's `Worker`
   * @param {() => void} end called when nothing is left
   */
  constructor(servers, native, end) {
    this.#servers = servers;
    this.#native = native;
    this.#end = end;
  }

  /** Whether connections of the primary's are for other workers now. */
  get moves() {
    return this.#moves;
  }

  /** @param {boolean} moves whether there are other workers for connections to go on at */
  start(moves) {
    const isFirst = this.#moves === undefined;
    this.#moves = moves;
    if (isFirst) {
      this.#since = Date.now();
      this.#servers.stopAccepting();
      process.emit('drain');
      diagnostics.subscribe('http.server.request.start', ({ socket, response }) => this.#ask(socket, response));
      diagnostics.subscribe('http.server.response.finish', ({ server }) => {
        // The server lets go of the connection after this, and before anything more is read.
        process.nextTick(() => this.#releaseIdle(server));
      });
      setInterval(() => this.#look(), INTERVAL);
    }
    this.#look();
  }

  /** Asks the client for another connection, where this one can't go on elsewhere. */
  #ask(socket, response) {
    if (this.#canMove(socket) || response.headersSent) return;
    response.setHeader('Connection', 'close');
  }

  /** Only what has come from the primary to an HTTP server, and not to a layer below, has no state but its descriptor. */
  #canMove(socket) {
    return (
      this.#moves && socket.server instanceof http.Server && this.#servers.listenerOf(socket._handle) !== undefined
    );
  }

  #look() {
    for (const server of this.#servers.all()) {
      const connections = connectionsOf(server);
      if (connections === undefined) continue;
      for (const { socket } of connections.all()) {
        // A client that has not said anything is not idle to Node.
        if (socket?._httpMessage) this.#ask(socket, socket._httpMessage);
        else if (socket?.bytesRead === 0) this.#release(socket);
      }
      this.#releaseIdle(server);
    }
    this.#endIfDone();
  }

  #releaseIdle(server) {
    // Of those that are not among these, half a request may have been read.
    for (const { socket } of connectionsOf(server)?.idle() ?? []) this.#release(socket);
  }

  /** Moves a connection that is between two requests, or closes it. */
  #release(socket) {
    const handle = socket?._handle;
    if (!handle || socket.destroyed || !socket.readable || !socket.writable || socket._httpMessage) return;
    if (socket.writableLength > 0 || handle.writeQueueSize > 0) return;
    if (this.#canMove(socket)) {
      // The descriptor that goes is another one of the same connection, which therefore stays open. What arrives from
      // now on waits in the kernel.
      if (this.#native.moveBack(this.#servers.listenerOf(handle), handle.fd)) socket.destroy();
    } else if (!this.#moves && (socket.bytesRead > 0 || Date.now() > this.#since + FIRST_REQUEST)) {
      socket.destroySoon();
    }
  }

  async #endIfDone() {
    const open = await Promise.all(this.#servers.all().map((server) => this.#countOf(server)));
    if (this.#isEnding || this.#native.isGivingBack || open.some((count) => count > 0)) return;
    this.#isEnding = true;
    this.#servers.closeAll(this.#end);
  }

  #countOf(server) {
    if (typeof server.getConnections !== 'function') return 0;
    return new Promise((resolve) => server.getConnections((error, count) => resolve(error ? 0 : count)));
  }
}

/**
 * Ends this process when it has drained. A program that wants to be asked for that, is; the time that it has for it is
 * the supervisor's matter.
 */
function endProcess() {
  if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
  else process.exit(0);
}

module.exports = { Draining, endProcess };
