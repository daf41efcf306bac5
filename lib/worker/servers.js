'use strict';

// The servers of a worker: each asks the primary for a listener, and gets a handle to listen on
// (`_getServer` in `lib/internal/cluster/child.js`).

const diagnostics = require('node:diagnostics_channel');
const { constants } = require('node:os');
const path = require('node:path');
const { LONGEST_DELAY, now } = require('../clock.js');
const {
  Boolean,
  JSON,
  Map,
  Math,
  Number,
  Object,
  Reflect,
  Set,
  String,
  Symbol,
  WeakMap,
  arrays,
  clearInterval,
  nextTick,
  setInterval,
  setTimeout,
} = require('../primordials.js');
const { numbers } = require('../channel/index.js');
const { datagramHandle, ownerOf, sendFromElsewhere, serverHandle, streamHandle } = require('../channel/handles.js');
const { watchSessions } = require('./http2_sessions.js');

// Told of each connection that comes from the primary, for tracers.
const taken = diagnostics.channel('cluster-rs.connection');

// Where the addon finds how many connections are open.
const OPEN = 1;

// Where a connection's handle has the listener that it came from.
const LISTENER = Symbol('cluster-rs.listener');

// Whether a connection is counted as open, by its handle.
const IS_OPEN = Symbol('cluster-rs.isOpen');

// How the primary says that a server is to accept by itself, but not yet.
const HELD = 2;

// Whether servers know `dropMaxConnection`: it came with Node 22.12, and there is nothing to see of it.
const [major, minor] = process.versions.node.split('.').map(Number);
const canDrop = major > 22 || (major === 22 && minor >= 12);

// Whether a server whose `maxConnections` are 0 takes none; before Node 21 it takes all.
const canBeZero = major > 20;

// How much longer than it says a server keeps connections alive, in milliseconds, where it doesn't say that either.
const KEEP_ALIVE_BUFFER = 1000;

class Servers {
  #worker;
  #channel;
  #native;
  #onlistening;
  #onclient;
  #answers = new Map(); // what to do with the answer, by the number of the question
  #open = new Map(); // the handles that servers listen on, by listener
  #places = new Map(); // which of the servers of an address is the next
  #own = new Set(); // the servers that listen without the primary: with `exclusive` or `reusePort`
  #isSupervised;

  /**
   * @param {import('../worker_class.js').Worker} worker
   * @param {import('../channel/index.js').Channel} channel
   * @param {object} native the addon's `Worker`
   * @param {boolean} isSupervised whether the primary wants to know of each server
   * @param {object} events
   * @param {() => void} events.onlistening called when a server listens
   * @param {() => void} events.onclient called when the first connection comes
   */
  constructor(worker, channel, native, isSupervised, { onlistening, onclient }) {
    this.#onlistening = onlistening;
    this.#onclient = onclient;
    this.#worker = worker;
    this.#channel = channel;
    this.#native = native;
    this.#isSupervised = isSupervised;
    diagnostics.subscribe('tracing:net.server.listen:asyncEnd', ({ server }) => this.#listens(server));
  }

  /**
   * Called by `net` and `dgram` to listen or bind.
   * @param {import('node:net').Server | import('node:dgram').Socket} server
   * @param {object} options where to, with `port: -1` for a Unix socket
   * @param {(errno: number, handle: object | null) => void} callback gets 0, or a negative error number
   */
  getServer(server, options, callback) {
    let { address } = options;
    if (options.addressType === -1 && typeof address === 'string') address = path.resolve(address);
    const place = this.#take(`${address},${options.port},${options.addressType},${options.fd}`);

    const data = server._getServerData?.();
    const question = this.#ask({ ...options, address, index: place.index }, data && JSON.stringify(data));
    this.#answers.set(question, (errno, listener, host, family, port, shared, isShared, fd) => {
      const isLost = isShared && fd < 0; // This process had no descriptor left for it.
      if (isLost) this.#native.closeServer(listener);
      if (errno !== 0 || isLost) {
        place.leave();
        callback(isLost ? -constants.errno.EMFILE : -errno, null);
        return;
      }
      if (shared !== undefined) server._setServerData?.(JSON.parse(shared));
      const onclose = () => {
        this.#open.delete(listener);
        place.leave();
        if (!process.connected) return; // The primary knows.
        this.#channel.flush();
        this.#native.closeServer(listener);
      };
      const bound = host && { address: host, family, port };
      const handle = isShared
        ? sharedHandle(fd, options.addressType, bound, isShared === HELD, onclose)
        : fauxHandle(bound, onclose);
      this.#open.set(listener, handle);
      callback(0, handle);
    });

    watchSessions(server);
    server.once('listening', () => {
      if (!place.isTaken()) return; // It has been closed already.
      this.#tell(options.addressType, address, server.address()?.port || options.port, options.fd);
    });
  }

  /** A `net.Server` listens. */
  #listens(server) {
    if (arrays.includes([...this.#open.values()], server._handle)) return;
    for (const other of this.#own) {
      if (!other.listening) this.#own.delete(other);
    }
    this.#own.add(server);
    watchSessions(server);
    this.#onlistening();
    if (!this.#isSupervised) return; // The built-in module says nothing of it.
    const bound = server.address();
    if (typeof bound === 'string') this.#tell(-1, bound, -1);
    else this.#tell(bound.family === 'IPv6' ? 6 : 4, bound.address, bound.port);
  }

  /** Says that this worker listens there. */
  #tell(addressType, address, port, fd) {
    this.#worker.state = 'listening';
    this.#onlistening();
    this.#channel.flush();
    this.#native.listening(String(addressType), address ?? undefined, toInteger(port), fd ?? undefined);
  }

  /** Takes a place among the servers of an address: port 0 is a new port for each of them. */
  #take(key) {
    const places = this.#places;
    if (!places.has(key)) places.set(key, { next: 0, taken: new Set() });
    const ofKey = places.get(key);
    const index = ofKey.next++;
    ofKey.taken.add(index);
    return {
      index,
      isTaken: () => places.has(key),
      leave() {
        ofKey.taken.delete(index);
        if (ofKey.taken.size === 0 && places.get(key) === ofKey) places.delete(key);
      },
    };
  }

  #ask(options, data) {
    this.#channel.flush();
    return this.#native.query({
      address: options.address ?? undefined,
      port: toInteger(options.port),
      family: String(options.addressType),
      fd: options.fd ?? undefined,
      flags: options.flags ?? 0,
      backlog: options.backlog | 0,
      readableAll: Boolean(options.readableAll),
      writableAll: Boolean(options.writableAll),
      index: options.index,
      data,
    });
  }

  /** The primary's answer to a question; see `PrimaryControl` in `src/worker/mod.rs`. */
  answer(question, ...answer) {
    const callback = this.#answers.get(question);
    this.#answers.delete(question);
    callback?.(...answer);
  }

  /**
   * A connection from the primary.
   * @param {number} listener
   * @param {number} fd
   * @param {boolean} isServed whether another worker has answered requests on it
   * @param {boolean} isUnwanted whether no worker takes any, so that it is to be turned away here
   * @param {number} queueTime how many milliseconds it has waited
   * @returns {boolean | undefined} whether a server here takes it; `undefined` if that takes none at all. The descriptor
   *   stays the caller's in both cases.
   */
  accept(listener, fd, isServed, isUnwanted, queueTime) {
    const server = this.#open.get(listener);
    if (!server?.isFaux) return false;
    const limit = limitOf(ownerOf(server));
    if (limit <= 0 && !isUnwanted) return undefined;
    if (limit > 0 && ownerOf(server)._connections >= limit) return false;
    this.#onclient?.();
    this.#onclient = undefined;
    let connection;
    try {
      connection = streamHandle(fd, server.getsockname !== undefined);
    } catch {
      return false;
    }
    connection[LISTENER] = listener;
    countOpen(connection);
    server.onconnection(0, connection);
    if (isServed) keepAliveAsBefore(ownerOf(server), connection);
    if (taken.hasSubscribers) {
      taken.publish({ server: ownerOf(server), socket: ownerOf(connection), isServed, queueTime });
    }
    return true;
  }

  /**
   * Accepts nothing more from sockets that this worker itself accepts from. The servers notice nothing.
   * @returns {Map<object, number | undefined>} as {@link listeners}
   */
  stopAccepting() {
    for (const handle of this.#open.values()) handle.stopAccepting?.();
    const listeners = this.listeners();
    for (const { _handle: handle } of this.#own) {
      if (handle) stopAccepting(handle);
    }
    return listeners;
  }

  /** Receives no datagrams any more, so that others can be bound where the sockets are. They go on to send. */
  stopReceiving() {
    for (const handle of this.#open.values()) handle.stopReceiving?.();
  }

  /** The listeners, by server or datagram socket; `undefined` for servers that have none in the primary. */
  listeners() {
    const own = arrays.filter([...this.#own], ({ listening }) => listening);
    return new Map([
      ...arrays.map(own, (server) => [server, undefined]),
      ...arrays.map([...this.#open], ([listener, handle]) => [ownerOf(handle), listener]),
    ]);
  }

  /** Begins to accept, or receive, where the primary has held that back. */
  resume() {
    for (const handle of this.#open.values()) handle.resume?.();
  }

  /** How many timers keep the process alive for servers. */
  get timers() {
    return arrays.filter([...this.#open.values()], (handle) => handle.hasTimer?.()).length;
  }

  /** For how many milliseconds no connection from the primary has been open. */
  get restingFor() {
    return numbers[OPEN] > 0 ? 0 : now() - restingSince;
  }

  /** No server keeps the process alive any more. */
  unrefAll() {
    for (const handle of this.#open.values()) (ownerOf(handle) ?? handle).unref();
    for (const server of this.#own) server.unref();
  }

  /** Closes all servers. `done` is called when their connections have ended. */
  closeAll(done) {
    let open = 1;
    const closed = () => {
      if (--open === 0) done();
    };
    const handles = [...this.#open.values()];
    this.#open.clear();
    open += handles.length;
    for (const handle of handles) (ownerOf(handle) ?? handle).close(closed);
    closed();
  }
}

/** How many connections a server may have; `undefined` if there is no limit, or it wants to drop by itself what comes beyond. */
function limitOf(server) {
  const { maxConnections, dropMaxConnection } = server ?? {};
  const isLimited = canBeZero ? maxConnections != null : Boolean(maxConnections);
  return isLimited && !(dropMaxConnection && canDrop) ? Number(maxConnections) : undefined;
}

/** Closes a connection that came between two requests if the next one does not come in the time that it has for that. */
function keepAliveAsBefore(server, connection) {
  const idleTime = idleTimeOf(server);
  if (idleTime === undefined) return;
  const close = () => connection.bytesRead === 0 && ownerOf(connection)?.destroy();
  setTimeout(close, idleTime).unref();
}

/** For how many milliseconds a server keeps a connection whose client says nothing; `undefined` for ever. */
function idleTimeOf(server) {
  const { keepAliveTimeout, keepAliveTimeoutBuffer = KEEP_ALIVE_BUFFER } = server ?? {};
  if (!keepAliveTimeout || keepAliveTimeout === Infinity) return undefined;
  return Math.min(keepAliveTimeout + keepAliveTimeoutBuffer, LONGEST_DELAY);
}

let restingSince = now();

const counting = new WeakMap(); // by the function of Node's that it calls

/** A function that does what `close` does, and counts the connection no more. */
function countingDown(close) {
  if (!counting.has(close)) {
    counting.set(close, function () {
      if (this[IS_OPEN] && --numbers[OPEN] === 0) restingSince = now();
      this[IS_OPEN] = false;
      return Reflect.apply(close, this, arguments);
    });
  }
  return counting.get(close);
}

/** Counts a connection until it is closed, in either way: `reset` is for `socket.resetAndDestroy()`. */
function countOpen(connection) {
  numbers[OPEN]++;
  connection[IS_OPEN] = true;
  connection.close = countingDown(connection.close);
  if (connection.reset) connection.reset = countingDown(connection.reset);
}

/** How many connections from the primary are open. */
function openConnections() {
  return numbers[OPEN];
}

/** The number of the listener that a connection came from, by its handle; `undefined` if it was not from the primary. */
function listenerOf(handle) {
  return handle?.[LISTENER];
}

/** `dgram` passes whatever the program has given it. */
function toInteger(value) {
  if (typeof value === 'bigint') JSON.stringify(value); // This throws, as where the question travels as JSON.
  return typeof value === 'number' || typeof value === 'string' ? value | 0 : undefined;
}

/** The socket itself: this worker accepts from it, or receives, beside the others. */
function sharedHandle(fd, type, bound, isHeld, onclose) {
  const isDatagram = type === 'udp4' || type === 'udp6';
  const handle = isDatagram ? datagramHandle(fd, type) : serverHandle(fd, bound !== undefined);
  if (isHeld) hold(handle, isDatagram ? 'recvStart' : 'listen', bound);
  const { close } = handle;
  const stop = () => {
    handle.resume = undefined;
    stopAccepting(handle, close);
  };
  if (!isDatagram) handle.stopAccepting = stop;
  else {
    handle.stopReceiving = () => {
      sendFromElsewhere(handle, type);
      stop();
    };
  }
  handle.close = function () {
    onclose();
    handle.close = close;
    return Reflect.apply(close, handle, arguments);
  };
  return handle;
}

/** Has a handle do only when it is resumed what would make it accept or receive. It may be bound only then. */
function hold(handle, name, bound) {
  if (bound) showAddress(handle, bound);
  let begin = () => 0;
  handle[name] = (...given) => {
    begin = () => handle[name](...given);
    return 0;
  };
  handle.resume = () => {
    handle.resume = undefined;
    delete handle[name];
    delete handle.getsockname;
    begin();
  };
}

/** Closes the handle of a server, which goes on with the connections that it has. */
function stopAccepting(handle, close = handle.close) {
  if (handle.getsockname) keepAddress(handle);
  Reflect.apply(close, handle, []);
}

/** `server.address()` goes on to work when the handle is closed. */
function keepAddress(handle) {
  const bound = {};
  handle.getsockname(bound);
  showAddress(handle, bound);
}

function showAddress(handle, bound) {
  handle.getsockname = (out) => {
    Object.assign(out, bound);
    return 0;
  };
}

/** What a `net.Server` listens on when the primary accepts for it. */
function fauxHandle(bound, onclose) {
  let timer;
  let isOpen = true;
  const handle = {
    isFaux: true,
    hasTimer: () => timer !== undefined,
    listen: () => 0,
    // A listening socket keeps the process alive.
    ref() {
      timer ??= setInterval(() => {}, LONGEST_DELAY);
    },
    unref() {
      clearInterval(timer);
      timer = undefined;
    },
    close(callback) {
      if (isOpen) {
        isOpen = false;
        handle.unref();
        onclose();
      }
      if (typeof callback === 'function') nextTick(callback);
    },
  };
  if (bound) {
    handle.getsockname = (out) => {
      if (isOpen) Object.assign(out, bound);
      return 0;
    };
  }
  handle.ref();
  return handle;
}

module.exports = { Servers, idleTimeOf, listenerOf, openConnections, stopAccepting };
