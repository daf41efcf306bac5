'use strict';

// Descriptors as the handles that Node's sockets and servers are made of.

const { closeSync } = require('node:fs');
const { Object } = require('../primordials.js');
const { binding } = require('../native.js');
const { findSymbol } = require('../symbols.js');

// The first argument of the constructors: what the handle is for.
const SOCKET = 0;
const SERVER = 1;

let constructors;

/**
 * A handle as `net.Socket` makes it for a descriptor, with none: the permission model hears of each that a handle opens,
 * and these are nobody's.
 * @param {boolean} tcp whether it is for TCP or for Unix sockets
 */
function blankHandle(tcp) {
  const net = require('node:net');
  let made;
  class Blank extends net.Socket {
    get _handle() {
      return made && { open: () => 0, getAsyncId: () => 0 };
    }

    set _handle(handle) {
      made ??= handle;
    }
  }
  const fd = binding.blankSocket(tcp);
  try {
    new Blank({ fd, readable: false, writable: false });
  } finally {
    closeSync(fd);
  }
  return made;
}

/** The classes of the handles inside of a `net.Socket`, which are the same for servers. */
function streams() {
  if (constructors === undefined) {
    const classOf = (tcp) => {
      const handle = blankHandle(tcp);
      handle.close();
      return handle.constructor;
    };
    constructors = { TCP: classOf(true), Pipe: classOf(false) };
  }
  return constructors;
}

function opened(handle, fd) {
  try {
    const errno = handle.open(fd); // This throws where the permission model denies it.
    if (errno === 0) return handle;
    const { fromSystem } = require('../errors.js');
    throw fromSystem(errno, 'open');
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** A handle that owns the connection `fd`. */
function streamHandle(fd, tcp) {
  const { TCP, Pipe } = streams();
  return opened(tcp ? new TCP(SOCKET) : new Pipe(SOCKET), fd);
}

/** A handle that owns `fd`, the socket of a server. */
function serverHandle(fd, tcp) {
  const { TCP, Pipe } = streams();
  return opened(tcp ? new TCP(SERVER) : new Pipe(SERVER), fd);
}

/** The handle inside of a `dgram.Socket`. */
function handleOfDatagram(socket) {
  return socket[findSymbol(socket, 'state symbol')].handle;
}

/** A `dgram.Socket` that is none of the program's, so that those who want to know of its sockets do not hear of this one. */
function unheardDatagramSocket(type) {
  const dgram = require('node:dgram');
  const { channel } = require('node:diagnostics_channel');
  const created = channel('udp.socket');
  Object.defineProperty(created, 'hasSubscribers', { value: false, configurable: true });
  try {
    return dgram.createSocket(type);
  } finally {
    delete created.hasSubscribers;
  }
}

/** A handle that owns the UDP socket `fd`. `type` is `udp4` or `udp6`. */
function datagramHandle(fd, type) {
  const socket = unheardDatagramSocket(type);
  const plain = handleOfDatagram(socket);
  const handle = new plain.constructor();
  // What `dgram` gives to each handle that it makes itself.
  for (const name of ['lookup', 'bind', 'connect', 'send']) {
    if (Object.hasOwn(plain, name)) handle[name] = plain[name];
  }
  socket.close();
  return opened(handle, fd);
}

/**
 * Has a datagram handle that is about to be closed go on to send, from a port that the system chooses.
 * @param {object} handle
 * @param {'udp4' | 'udp6'} type
 */
function sendFromElsewhere(handle, type) {
  const other = handleOfDatagram(unheardDatagramSocket(type));
  handle.send = (...given) => other.send(...given);
}

/**
 * The server or socket that uses a handle. Node notes it on the handle under a symbol of its own.
 * @returns {import('node:net').Server | undefined}
 */
function ownerOf(handle) {
  return handle[findSymbol(handle, 'owner_symbol')];
}

module.exports = {
  blankHandle,
  streams,
  streamHandle,
  serverHandle,
  datagramHandle,
  handleOfDatagram,
  sendFromElsewhere,
  unheardDatagramSocket,
  ownerOf,
};
