'use strict';

// Sockets and servers on their way to another process: what travels is a descriptor and a few words about it.

const dgram = require('node:dgram');
const { closeSync } = require('node:fs');
const net = require('node:net');
const { Reflect } = require('../primordials.js');
const errors = require('../errors.js');
const handles = require('./handles.js');
const { findSymbol } = require('../symbols.js');

if (process.permission) require('./passed_sockets.js'); // While it can be read, see `lib/primary/index.js`.

/** Takes the handle out of a socket, as if it had been closed, without closing it. */
function takeFromSocket(socket) {
  const { _handle: handle } = socket;
  handle.onread = () => {};
  socket._handle = null;
  socket.setTimeout(0);
  if (socket.parser?.constructor.name === 'HTTPParser') {
    const { freeParser } = require('node:_http_common');
    freeParser(socket.parser, null, socket);
    socket._httpMessage?.detachSocket(socket);
  }
}

/** The low-level handle of what a program wants to pass, and what the other side has to know about it. */
function describe(handle) {
  const { TCP, Pipe } = handles.streams();
  if (handle instanceof net.Socket) {
    return { type: 'net.Socket', native: handle._handle };
  }
  if (handle instanceof net.Server) {
    return { type: 'net.Server', native: handle._handle };
  }
  // Since Node 24, and sent since Node 26: it goes to another thread in the same way, which detaches it here.
  if (net.BoundSocket && handle instanceof net.BoundSocket) {
    const transfer = handle[findSymbol(handle, 'messaging_transfer_symbol')];
    if (handle.isPipe || typeof transfer !== 'function') throw errors.invalidHandleType();
    return { type: 'net.BoundSocket', native: Reflect.apply(transfer, handle, []).data.handle };
  }
  if (handle instanceof TCP || handle instanceof Pipe) {
    return { type: 'net.Native', native: handle };
  }
  if (handle instanceof dgram.Socket) {
    return { type: 'dgram.Socket', native: handles.handleOfDatagram(handle) };
  }
  if (handle.constructor?.name === 'UDP' && typeof handle.fd === 'number') {
    return { type: 'dgram.Native', native: handle };
  }
  throw errors.invalidHandleType();
}

/**
 * Prepares a handle for its journey.
 * @param {object} handle a `net.Socket`, `net.Server`, `dgram.Socket`, or one of their handles
 * @param {boolean | undefined} keepOpen whether it stays open here
 * @param {object} target the process that it is sent to
 * @returns {{ about: object, fd: number, done: () => void } | undefined} `done` is to be called when the
 *   descriptor is on its way; `undefined` if the handle has been closed or passed away
 */
function detach(handle, keepOpen, target) {
  const { type, native } = describe(handle);
  if (!native || !(native.fd >= 0)) return undefined;
  const about = { __proto__: null, type }; // Without a `toJSON` of the program's.
  let done = () => {};
  if (type === 'net.Socket') {
    if (handle.server) {
      const { countSent } = require('./passed_sockets.js');
      about.key = countSent(handle.server, target, keepOpen);
    }
    if (!keepOpen) takeFromSocket(handle);
  }
  if (!keepOpen && (type === 'net.Socket' || type === 'net.BoundSocket')) done = () => native.close();
  return { about, fd: native.fd, done };
}

// What makes a handle of a descriptor that is said to be of this type.
const makers = {
  __proto__: null,
  'net.Socket': handles.streamHandle,
  'net.BoundSocket': net.BoundSocket && handles.streamHandle,
  'net.Server': handles.serverHandle,
  'net.Native': handles.serverHandle,
  'dgram.Socket': handles.datagramHandle,
  'dgram.Native': handles.datagramHandle,
};

/**
 * A handle that owns `fd`; `undefined`, and the descriptor closed, if it is not what it is said to be. Throws what Node's
 * permission model denies.
 */
function toHandle(type, fd, kind) {
  const make = makers[type];
  const isDatagram = kind === 'udp4' || kind === 'udp6';
  if (make === undefined || (make === handles.datagramHandle) !== isDatagram) {
    closeSync(fd);
    return undefined;
  }
  try {
    return make(fd, isDatagram ? kind : kind === 'TCP');
  } catch (error) {
    closeSync(fd);
    if (error.code === 'ERR_ACCESS_DENIED') throw error;
    return undefined;
  }
}

/**
 * Makes of a descriptor what was sent.
 * @param {object} about from {@link detach}
 * @param {number} fd
 * @param {string} kind what it really is: `TCP`, `Pipe`, `udp4` or `udp6`
 * @param {object} target the process that it came from
 * @param {(handle?: object) => void} ready gets it, or nothing if the descriptor is of another kind
 */
function attach(about, fd, kind, target, ready) {
  const handle = toHandle(about.type, fd, kind);
  if (handle === undefined) {
    ready();
  } else if (about.type === 'net.Socket') {
    const socket = new net.Socket({ handle, readable: true, writable: true });
    if (about.key) {
      const { countReceived } = require('./passed_sockets.js');
      countReceived(socket, target, about.key);
    }
    ready(socket);
  } else if (about.type === 'net.BoundSocket') {
    const bound = new net._TransferredBoundSocket();
    bound[findSymbol(bound, 'messaging_deserialize_symbol')]({ handle });
    ready(bound);
  } else if (about.type === 'net.Server') {
    const server = new net.Server();
    const failed = () => ready();
    server.once('error', failed);
    server.listen(handle, () => {
      server.removeListener('error', failed);
      ready(server);
    });
  } else if (about.type === 'dgram.Socket') {
    const socket = dgram.createSocket(kind);
    socket.bind(handle, () => ready(socket));
  } else {
    ready(handle);
  }
}

module.exports = { detach, attach };
