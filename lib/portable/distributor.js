'use strict';

// The listening sockets of the portable layer, and which worker gets each connection: what the built-in module does for
// SCHED_RR (`lib/internal/cluster/round_robin_handle.js`), with the other policies, shares, and without losing a
// connection that a worker has not taken when it ends. Workers are served by the built-in module's own side: they ask
// for a server, and acknowledge what they are sent.

const net = require('node:net');
const { constants } = require('node:os');
const path = require('node:path');
const { Boolean, Map, Math, Object, Set, String, arrays, strings } = require('../primordials.js');
const { now } = require('../clock.js');
const { QueueTime } = require('./queue_time.js');

// What the built-in module's messages have for a command.
const COMMAND = 'NODE_CLUSTER';

// `UV_TCP_IPV6ONLY`: the one flag of a server that there is.
const IPV6_ONLY = 1;

/** A number for a text, which spreads evenly (FNV-1a, and the last steps of MurmurHash3). */
function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value ^= strings.charCodeAt(text, i);
    value = Math.imul(value, 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

function addressesOf(handle) {
  const [remote, local] = [{}, {}];
  if (!handle.getpeername) return {}; // It came through a Unix socket, or a pipe.
  handle.getpeername(remote);
  handle.getsockname(local);
  return {
    remoteAddress: remote.address,
    remotePort: remote.port,
    localAddress: local.address,
    localPort: local.port,
  };
}

/** A listening socket, and its connections that no worker has yet. */
class Listener {
  workers = new Set(); // their seats
  waiting = []; // { handle, since }
  queueTime = new QueueTime();
  data; // what the first worker's server has for the others, as TLS has its keys
  #server = net.createServer();
  #handle;
  #onopen = new Set();

  /**
   * @param {object} query of a worker
   * @param {(handle: object) => void} onconnection
   */
  constructor({ address, port, fd, flags, backlog, readableAll, writableAll }, onconnection) {
    const server = this.#server;
    if (fd >= 0) server.listen({ fd, backlog });
    else if (port >= 0)
      server.listen({ port, host: address ?? undefined, ipv6Only: Boolean(flags & IPV6_ONLY), backlog });
    else server.listen({ path: address, backlog, readableAll, writableAll });
    server.once('listening', () => {
      this.#handle = server._handle;
      this.#handle.onconnection = (error, handle) => error || onconnection(handle);
      this.#opened(0);
    });
    server.once('error', ({ errno, code }) => this.#opened(errno ?? -(constants.errno[code] ?? 1)));
  }

  #opened(errno) {
    this.errno = errno;
    for (const call of this.#onopen) call(errno);
    this.#onopen.clear();
  }

  /** Has `call` called with 0 when it listens, or with a negative error number. */
  whenOpen(call) {
    if (this.errno === undefined) this.#onopen.add(call);
    else call(this.errno);
  }

  /** Where it is bound; `undefined` for a Unix socket, or a pipe. */
  get bound() {
    if (!this.#handle?.getsockname) return undefined;
    const bound = {};
    this.#handle.getsockname(bound);
    return bound;
  }

  /** Closes it, and the connections that wait. */
  close() {
    for (const { handle } of this.waiting) handle.close();
    const count = this.waiting.length;
    this.waiting = [];
    this.#server.close();
    return count;
  }
}

/** What is known of a worker here. */
class Seat {
  isPaused = false;
  weight = 1;
  credit = 0;
  place;
  onItsWay = 0;
  taken = 0;
  open = 0; // connections, as far as is known

  constructor(id, process) {
    this.id = id;
    this.process = process;
  }
}

class Distributor {
  #listeners = new Map(); // by key
  #seats = new Map(); // by the worker's id
  #sent = new Map(); // what has not been acknowledged, by number
  #last = 0;
  #keepsListeners = false;
  #policy = 'rr';
  #choose;
  #counts = { accepted: 0, taken: 0, takenBack: 0, givenBack: 0, closed: 0 };

  /**
   * Has all workers choose by a policy.
   * @param {'rr' | 'least' | 'sticky' | 'none'} policy `sticky` by address only
   */
  setPolicy(policy) {
    this.#policy = policy;
  }

  /** @param {((connection: object) => number | undefined) | null} choose the program's scheduler: gives a worker's id */
  setChooser(choose) {
    this.#choose = choose;
  }

  /** Adds a worker. */
  add(id, process) {
    this.#seats.set(id, new Seat(id, process));
  }

  /** See `setShare` of the addon's `Primary`. */
  setShare(id, isPaused, weight, place) {
    const seat = this.#seats.get(id);
    if (!seat) return;
    Object.assign(seat, { isPaused, weight, place });
    this.#dispatchAll();
  }

  /** Notes how many connections a worker has open. */
  setOpen(id, open) {
    const seat = this.#seats.get(id);
    if (seat) seat.open = open;
  }

  /** How many connections a worker has taken. */
  takenBy(id) {
    return this.#seats.get(id)?.taken ?? 0;
  }

  /** Whether a listener without workers stays open. */
  keepListeners(yes) {
    this.#keepsListeners = yes;
    if (yes) return;
    for (const key of this.#listeners.keys()) this.#closeUnused(key);
  }

  /**
   * Takes a message of a worker's built-in module, if it is about a server of this distributor.
   * @returns {boolean} whether it is
   */
  receive(id, message) {
    const seat = this.#seats.get(id);
    if (message.cmd !== COMMAND || !seat) return false;
    const { act, ack, addressType, key } = message;
    if (ack !== undefined) return this.#acknowledged(ack, message.accepted);
    if (act === 'close' && this.#listeners.has(key)) {
      this.#leave(seat, key);
      return true;
    }
    const isShared = this.#policy === 'none' || addressType === 'udp4' || addressType === 'udp6';
    if (act !== 'queryServer' || isShared) return false;
    this.#query(seat, message);
    return true;
  }

  #query(seat, message) {
    const { address, port, addressType, fd, index, seq } = message;
    const key = arrays.join([address, port, addressType, fd, index], ':');
    const listener = this.#listeners.get(key) ?? this.#open(key, message);
    if (!listener) {
      this.#send(seat, { errno: -constants.errno.EINVAL, key, ack: seq });
      return;
    }
    listener.workers.add(seat);
    listener.data ??= message.data;
    listener.whenOpen((errno) => {
      if (errno !== 0) this.#listeners.delete(key); // Others try again.
      const reply = errno === 0 && listener.bound ? { sockname: listener.bound } : {};
      this.#send(seat, { errno, key, ack: seq, data: listener.data, ...reply });
      this.#dispatch(key);
    });
  }

  /** Opens a listener; `undefined` where no server asks like that. */
  #open(key, query) {
    const { address, port } = query;
    let listener;
    const onconnection = (handle) => {
      this.#counts.accepted++;
      arrays.push(listener.waiting, { handle, since: now() });
      this.#dispatch(key);
    };
    try {
      listener = new Listener({ ...query, address: port < 0 ? shortest(address) : address }, onconnection);
    } catch {
      return undefined;
    }
    this.#listeners.set(key, listener);
    return listener;
  }

  #send(seat, message, handle) {
    if (!seat.process.connected) return false;
    seat.process.send({ cmd: COMMAND, ...message }, handle, () => {});
    return true;
  }

  /** Takes a worker out of all listeners. What it has not taken goes to others. */
  remove(id) {
    const seat = this.#seats.get(id);
    if (!seat) return;
    this.#seats.delete(id);
    for (const [number, { to, key, ...connection }] of [...this.#sent]) {
      if (to !== seat) continue;
      this.#sent.delete(number);
      this.#counts.takenBack++;
      this.#wait(key, connection);
    }
    for (const key of [...this.#listeners.keys()]) this.#leave(seat, key);
  }

  #leave(seat, key) {
    this.#listeners.get(key).workers.delete(seat);
    this.#closeUnused(key);
    this.#dispatch(key);
  }

  #closeUnused(key) {
    const listener = this.#listeners.get(key);
    if (this.#keepsListeners || listener.workers.size > 0) return;
    this.#counts.closed += listener.close();
    this.#listeners.delete(key);
  }

  /** Puts a connection in front of those that have come later. */
  #wait(key, connection) {
    const listener = this.#listeners.get(key);
    if (listener) arrays.splice(listener.waiting, 0, 0, connection);
    else {
      connection.handle.close();
      this.#counts.closed++;
    }
  }

  /** Calls back what a worker says to a connection. */
  #acknowledged(number, isAccepted) {
    const sent = this.#sent.get(number);
    if (!sent) return false;
    this.#sent.delete(number);
    const { to, key, ...connection } = sent;
    to.onItsWay--;
    if (isAccepted) {
      this.#counts.taken++;
      to.taken++;
      to.open++;
      this.#listeners.get(key)?.queueTime.add(now() - connection.since);
      connection.handle.close();
    } else {
      this.#counts.givenBack++;
      this.#wait(key, { ...connection, refusedBy: to });
    }
    this.#dispatchAll();
    return true;
  }

  #dispatchAll() {
    for (const key of this.#listeners.keys()) this.#dispatch(key);
  }

  #dispatch(key) {
    const listener = this.#listeners.get(key);
    while (listener?.waiting.length > 0) {
      const [connection] = listener.waiting;
      const seat = this.#choiceFor(listener, connection);
      if (!seat) return;
      arrays.splice(listener.waiting, 0, 1);
      const number = `cluster-rs:${++this.#last}`;
      if (!this.#send(seat, { act: 'newconn', key, seq: number }, connection.handle)) {
        listener.workers.delete(seat);
        arrays.splice(listener.waiting, 0, 0, connection);
        continue;
      }
      seat.onItsWay++;
      this.#sent.set(number, { ...connection, to: seat, key });
    }
  }

  /** The worker for a connection; `undefined` if it has to wait for one. Each gets one at a time. */
  #choiceFor({ workers }, { handle, refusedBy }) {
    const inService = arrays.filter([...workers], ({ isPaused }) => !isPaused);
    const others = arrays.filter(inService, (seat) => seat !== refusedBy);
    const candidates = others.length > 0 ? others : inService;
    const free = arrays.filter(candidates, ({ onItsWay }) => onItsWay === 0);
    if (this.#choose) {
      const chosen = this.#seats.get(this.#choose(addressesOf(handle)));
      if (chosen && arrays.includes(candidates, chosen)) return chosen;
    }
    if (this.#policy === 'sticky' && candidates.length > 0) {
      const { remoteAddress } = addressesOf(handle);
      const chosen = rendezvous(candidates, String(remoteAddress));
      return chosen.onItsWay === 0 ? chosen : undefined;
    }
    if (free.length === 0) return undefined;
    return this.#policy === 'least' ? leastLoaded(free) : nextByWeight(free);
  }

  /** What has become of the connections, as the addon tells it. */
  figures() {
    const listeners = arrays.map([...this.#listeners.values()], ({ bound, queueTime }) => ({
      address: bound?.address,
      port: bound?.port,
      queueTime: { count: queueTime.count, sum: queueTime.sum, buckets: queueTime.buckets },
    }));
    let waiting = 0;
    for (const listener of this.#listeners.values()) waiting += listener.waiting.length;
    return { ...this.#counts, moved: 0, parked: 0, evicted: 0, shed: 0, listeners, queued: this.#sent.size, waiting };
  }
}

/** The shorter one of a Unix socket's two names: there is a limit of about 100 bytes. */
function shortest(address) {
  if (process.platform === 'win32' || typeof address !== 'string') return address;
  const relative = path.relative(process.cwd(), address);
  return relative.length < address.length ? relative : address;
}

/** The one with the highest hash together with what a client is recognised by: if it goes, the others keep their clients. */
function rendezvous(seats, client) {
  let best;
  let highest = -1;
  for (const seat of seats) {
    const value = hash(`${seat.place ?? seat.id}\n${client}`);
    if (value > highest) [best, highest] = [seat, value];
  }
  return best;
}

function leastLoaded(seats) {
  let best;
  for (const seat of seats) {
    if (!best || seat.open / seat.weight < best.open / best.weight) best = seat;
  }
  return best;
}

/** The next in turn, where one of twice the weight comes twice as often: each gains its weight, and who is chosen pays for all. */
function nextByWeight(seats) {
  let best;
  let sum = 0;
  for (const seat of seats) {
    seat.credit += seat.weight;
    sum += seat.weight;
    if (!best || seat.credit > best.credit) best = seat;
  }
  best.credit -= sum;
  return best;
}

module.exports = { Distributor };
