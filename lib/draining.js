'use strict';

// How a worker leaves without a client noticing: what has begun is finished, and connections that are kept alive go on
// at other workers between two requests.

const diagnostics = require('node:diagnostics_channel');
const http = require('node:http');
const { findSymbol } = require('./symbols.js');

// How often connections are looked at that nothing has happened to, in milliseconds.
const INTERVAL = 20;

/** The connections of an HTTP server, as Node lists them for `closeIdleConnections`. */
function connectionsOf(server) {
  return server[findSymbol(server, 'http.server.connections')];
}

class Draining {
  #servers;
  #native;
  #end;
  #moves;
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

  /** @param {boolean} moves whether there are other workers for connections to go on at */
  start(moves) {
    const isFirst = this.#moves === undefined;
    this.#moves = moves;
    if (isFirst) {
      process.emit('drain');
      diagnostics.subscribe('http.server.request.start', ({ socket, response }) => this.#ask(socket, response));
      diagnostics.subscribe('http.server.response.finish', ({ socket }) => {
        // The server lets go of the connection after this.
        process.nextTick(() => this.#moveIfIdle(socket));
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

  #canMove(socket) {
    return this.#moves && this.#servers.listenerOf(socket._handle) !== undefined;
  }

  #look() {
    for (const server of this.#servers.all()) {
      if (!(connectionsOf(server)?.all instanceof Function)) continue;
      for (const { socket } of connectionsOf(server).all()) {
        if (socket?._httpMessage) this.#ask(socket, socket._httpMessage);
        else if (socket) this.#moveIfIdle(socket);
      }
      if (!this.#moves) server.closeIdleConnections();
    }
    this.#endIfDone();
  }

  /** Whether a connection is between two requests: nothing has begun, and nothing is left to write. */
  #isIdle(socket) {
    const { _handle: handle, server } = socket;
    if (!handle || socket.destroyed || !socket.readable || !socket.writable) return false;
    if (socket._httpMessage || socket.writableLength > 0 || handle.writeQueueSize > 0) return false;
    // Half a request has been read, or the rest of one has not.
    return (
      socket.bytesRead === 0 ||
      connectionsOf(server)
        .idle()
        .some((parser) => parser.socket === socket)
    );
  }

  #moveIfIdle(socket) {
    if (!(socket.server instanceof http.Server) || !this.#canMove(socket) || !this.#isIdle(socket)) return;
    const { _handle: handle } = socket;
    const before = socket.bytesRead;
    handle.readStop();
    if (socket.bytesRead === before && this.#native.moveBack(this.#servers.listenerOf(handle), handle.fd)) {
      // The descriptor that went is another one of the same connection, which therefore stays open.
      socket.destroy();
    } else {
      handle.readStart();
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
