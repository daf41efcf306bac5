'use strict';

// `cluster` in a worker (`lib/internal/cluster/child.js`): its one Worker object, and the servers that ask the primary.

const path = require('node:path');
const { binding } = require('./native.js');
const { Channel, turn } = require('./channel.js');
const { Worker } = require('./worker.js');

// The longest that a timer takes, in milliseconds.
const FOR_EVER = 2 ** 31 - 1;

/**
 * Turns `cluster`, the built-in object, and `process` into those of a worker.
 * @param {object} cluster
 * @param {object} place
 * @param {number} place.id `cluster.worker.id`
 * @param {number} place.channel descriptor of the channel
 * @param {number} place.handoff descriptor of the handoff socket
 * @param {number} place.page descriptor of the shared page
 * @param {boolean} place.advanced `serialization: 'advanced'`
 */
function setUpWorker(cluster, place) {
  const worker = new Worker({ id: place.id, process, state: 'online' });
  const answers = new Map(); // by the number of the question
  const servers = new Map(); // faux and shared handles, by listener
  const places = new Map(); // which of the worker's servers of an address is the next
  let onLeaveNoted;

  const channel = new Channel(process, {
    advanced: place.advanced,
    // The one listener of `process` is the worker's own.
    isUnheard: () => process.listenerCount('message') < 2 && worker.listenerCount('message') === 0,
  });

  const events = {
    ...channel.events,
    onanswer(question, ...answer) {
      const callback = answers.get(question);
      answers.delete(question);
      callback(...answer);
    },
    ondisconnect: () => leave(true),
    onleavenoted: () => onLeaveNoted?.(),
    onconnection(listener, fd) {
      const server = servers.get(listener);
      return server?.accept !== undefined && server.accept(fd);
    },
    onexhausted() {
      process.emitWarning('Too many open files: this worker takes no connection until it has closed some', {
        code: 'CLUSTER_RS_EXHAUSTED',
      });
    },
  };

  const native = new binding.Worker(turn.buffer, place.channel, place.handoff, place.page, events);
  const control = channel.open(native.channel);
  native.channel.keepAlive(false);
  // Listeners keep the channel, and so the process, alive: those of the user, and the worker's own two.
  const counted = (name) => name === 'message' || name === 'disconnect';
  process.on('newListener', (name) => {
    if (counted(name)) control.refCounted();
    if (name === 'message') channel.release();
  });
  process.on('removeListener', (name) => {
    if (counted(name)) control.unrefCounted();
  });
  worker.on('newListener', (name) => {
    if (name === 'message') channel.release();
  });
  control.refCounted(); // the listener for messages that `new Worker` has added
  process.once('disconnect', () => {
    worker.emit('disconnect');
    // The primary is gone, or has given up this worker.
    if (!worker.exitedAfterDisconnect) process.exit(0);
  });

  function tellLeaving(callback) {
    onLeaveNoted = callback;
    channel.flush();
    native.leaving();
  }

  /** Closes all servers, then the channel. What the worker does of its own will, the primary has to know first. */
  function leave(isAsked) {
    worker.exitedAfterDisconnect = true;
    let open = 1;
    const closed = () => {
      if (--open > 0) return;
      if (!isAsked) tellLeaving(() => process.disconnect());
      else if (process.connected) process.disconnect();
    };
    const leaving = [...servers.values()];
    servers.clear();
    for (const server of leaving) {
      open++;
      server.leave(closed);
    }
    closed();
  }

  function query(options, data, callback) {
    channel.flush();
    const question = native.query({
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
    answers.set(question, callback);
  }

  /** Called by `net` and `dgram` to listen or bind; `callback(errno, handle)` gets 0 or a negative error number. */
  function getServer(server, options, callback) {
    const { ownerOf } = require('./handles.js');
    let { address } = options;
    if (options.port < 0 && typeof address === 'string') address = path.resolve(address);

    const key = [address, options.port, options.addressType, options.fd].join();
    const taken = places.get(key) ?? { next: 0, open: new Set() };
    places.set(key, taken);
    const index = taken.next++;
    taken.open.add(index);
    const vacate = () => {
      taken.open.delete(index);
      if (taken.open.size === 0 && places.get(key) === taken) {
        places.delete(key);
      }
    };

    const data = server._getServerData?.();
    query(
      { ...options, address, index },
      data === undefined ? undefined : JSON.stringify(data),
      (errno, listener, host, family, port, shared, fd) => {
        if (errno !== 0) {
          vacate();
          callback(-errno, null);
          return;
        }
        if (shared !== undefined && server._setServerData) {
          server._setServerData(JSON.parse(shared));
        }
        const close = () => {
          servers.delete(listener);
          vacate();
          if (process.connected) {
            channel.flush();
            native.closeServer(listener);
          }
        };
        const handle =
          fd >= 0
            ? sharedHandle(fd, options.addressType, host !== undefined, close)
            : fauxHandle(host && { address: host, family, port }, close);
        const leaveServer = (done) => {
          const owner = ownerOf(handle);
          if (owner) owner.close(done);
          else handle.close(done);
        };
        const isFull = () => {
          const owner = ownerOf(handle);
          return (
            owner != null &&
            owner.maxConnections != null &&
            owner.maxConnections !== 0 &&
            owner._connections >= owner.maxConnections &&
            !owner.dropMaxConnection
          );
        };
        const accept =
          fd >= 0
            ? undefined
            : (connection) => {
                if (isFull()) return false;
                const { streamHandle } = require('./handles.js');
                handle.onconnection(0, streamHandle(connection, host !== undefined));
                return true;
              };
        servers.set(listener, { leave: leaveServer, accept });
        callback(0, handle);
      },
    );

    server.once('listening', () => {
      if (!places.has(key)) return; // closed already
      worker.state = 'listening';
      const port = server.address()?.port || options.port;
      channel.flush();
      native.listening(String(options.addressType), address ?? undefined, port ?? undefined, options.fd ?? undefined);
    });
  }

  cluster.isWorker = true;
  cluster.isMaster = false;
  cluster.isPrimary = false;
  cluster.Worker = Worker;
  cluster.worker = worker;
  cluster._getServer = getServer;
  // Node calls it when it starts, which it has done; nobody else should.
  cluster._setupWorker = () => {};

  Worker.prototype.disconnect = function () {
    if (this.state !== 'disconnecting' && this.state !== 'destroying') {
      this.state = 'disconnecting';
      leave(false);
    }
    return this;
  };

  Worker.prototype.destroy = function () {
    if (this.state === 'destroying') return;
    this.exitedAfterDisconnect = true;
    if (!this.isConnected()) process.exit(0);
    this.state = 'destroying';
    tellLeaving(() => process.disconnect());
    process.once('disconnect', () => process.exit(0));
  };
}

/** `dgram` passes whatever the program has given it. */
function toInteger(value) {
  return typeof value === 'number' || typeof value === 'string' ? value | 0 : undefined;
}

/** The socket itself: this worker accepts from it, or receives, beside the others. */
function sharedHandle(fd, type, tcp, onclose) {
  const { datagramHandle, serverHandle } = require('./handles.js');
  const handle = type === 'udp4' || type === 'udp6' ? datagramHandle(fd, type) : serverHandle(fd, tcp);
  const { close } = handle;
  handle.close = function () {
    onclose();
    return Reflect.apply(close, handle, arguments);
  };
  return handle;
}

/** What a `net.Server` listens on when the primary accepts for it. */
function fauxHandle(bound, onclose) {
  let timer = setInterval(() => {}, FOR_EVER); // keeps the process alive, as a listening socket does
  let isOpen = true;
  const handle = {
    listen: () => 0,
    ref() {
      timer ??= setInterval(() => {}, FOR_EVER);
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
      if (typeof callback === 'function') process.nextTick(callback);
    },
  };
  if (bound) {
    handle.getsockname = (out) => {
      if (isOpen) Object.assign(out, bound);
      return 0;
    };
  }
  return handle;
}

module.exports = { setUpWorker };
