'use strict';

// Kept-alive connections that leave this worker between two requests: the client goes on at another one, and does not
// notice.

const { Boolean, Math, WeakSet, arrays } = require('../primordials.js');
const { listenerOf, idleTimeOf } = require('./servers.js');
const { findSymbol } = require('../symbols.js');

// Those that the program wants to stay.
const pinned = new WeakSet();

/**
 * `cluster.worker.pin`: keeps a connection with this worker, for a program that has noted on it what belongs to its
 * client, as authentication of the connection and not of each request does (NTLM, Negotiate).
 * @param {import('node:net').Socket} socket
 */
function pin(socket) {
  pinned.add(socket);
}

/**
 * The sockets of an HTTP server, or those in which no request is being read: see `closeIdleConnections` there.
 * @param {import('node:http').Server} server any server; one that is not for HTTP has none
 * @param {'all' | 'idle'} which
 */
function socketsOf(server, which) {
  const connections = server[findSymbol(server, 'http.server.connections')];
  return arrays.map(connections?.[which]() ?? [], (parser) => parser.socket);
}

/** Whether a socket came to an HTTP server directly, from this listener: only then it has no state but its descriptor. */
function canMove(socket, listener) {
  return listener !== undefined && listenerOf(socket._handle) === listener && !pinned.has(socket);
}

/** Whether nothing is on its way through a socket of an HTTP server, in either direction. */
function isQuiet(socket) {
  return (
    Boolean(socket?._handle) &&
    !socket.destroyed &&
    !socket.writableEnded &&
    !socket._httpMessage &&
    socket.readableLength === 0 &&
    socket.writableLength === 0 &&
    !socket._handle.writeQueueSize
  );
}

/**
 * Gives a quiet connection that can move back to the primary. Nothing is read between here and there: what arrives
 * waits in the kernel.
 * @param {import('node:net').Socket} socket
 * @param {object} native the addon's `Worker`
 * @param {number} [idleFor] for how many milliseconds its client has said nothing
 * @returns {boolean} whether there was room for it
 */
function move(socket, native, idleFor = 0) {
  const idleTime = idleTimeOf(socket.server);
  const left = idleTime && Math.max(1, idleTime - idleFor);
  if (!native.moveBack(listenerOf(socket._handle), socket._handle.fd, left)) return false;
  void socket.remoteAddress; // Remembered for a program that asks when the answer has ended.
  socket.destroy();
  return true;
}

module.exports = { canMove, isQuiet, move, pin, socketsOf };
