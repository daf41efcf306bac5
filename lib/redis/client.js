'use strict';

// Connections of our own to the server of a client that the program has, whichever package that is of.

const { Error, Promise, arrays, clearTimeout, promises, regexps, setTimeout } = require('../primordials.js');
const errors = require('../errors.js');

// For how long an answer is waited for, the first connection included, in milliseconds.
const PATIENCE = 5000;

// What a server answers that can't do anything now, and can soon.
const NOT_NOW = ['BUSY', 'LOADING', 'MASTERDOWN', 'READONLY'];

// A command that is sent twice may be done twice: one that has not been answered is an error, and so is one without a connection.
// What else a program has set for its own commands (prefixes, other types) is not for ours.
const FLAVOURS = {
  __proto__: null,

  ioredis: {
    options: {
      autoResendUnfulfilledCommands: false,
      autoResubscribe: true,
      enableAutoPipelining: false,
      enableOfflineQueue: false,
      keyPrefix: '',
      lazyConnect: true,
      maxRetriesPerRequest: 0, // What has not been answered is told when the connection is lost.
      replyMapping: 'legacy',
      stringNumbers: false,
    },
    database: (client) => client.options.db ?? 0,
    isOver: (client) => client.status === 'wait' || client.status === 'end',
    send: (client, words) => client.call(...words),
    close: (client) => client.disconnect(),
    listener: (client, hear) => client.on('message', hear),
    subscribe: (client, channel) => client.subscribe(channel),
    unsubscribe: (client, channel) => client.unsubscribe(channel),
  },

  'node-redis': {
    options: { clientSideCache: undefined, commandOptions: undefined, disableOfflineQueue: true, keyPrefix: undefined },
    database: (client) => client.options?.database ?? 0,
    isOver: (client) => !client.isOpen,
    send: (client, words) => client.sendCommand(words),
    close: (client) => client.destroy(),
    listener: (client, hear) => (message, channel) => hear(channel, message),
    subscribe: (client, channel, listener) => client.subscribe(channel, listener),
    unsubscribe: (client, channel, listener) => client.unsubscribe(channel, listener),
  },
};

function flavourOf(client) {
  // Those of several servers, and pools, have no `monitor`.
  if (typeof client?.duplicate !== 'function' || typeof client.monitor !== 'function') return undefined;
  if (typeof client.call === 'function') return FLAVOURS.ioredis;
  return typeof client.sendCommand === 'function' ? FLAVOURS['node-redis'] : undefined;
}

/** A connection like that of the program's client. */
class Client {
  #client;
  #flavour;
  #listener;
  #waiting; // what is to be done when the connection is there, while that is made for the first time
  #trouble; // why there is none
  #wasReady = false;
  #isClosed = false;

  /**
   * @param {object} original the program's
   * @param {object} [events]
   * @param {(channel: string, message: string) => void} [events.hear] called with what it has subscribed to
   * @param {() => void} [events.reconnected] called when the connection has been lost, and is there again
   */
  constructor(original, { hear, reconnected } = {}) {
    this.#flavour = flavourOf(original);
    if (!this.#flavour) {
      const what =
        'a client of redis (createClient) or ioredis (new Redis, for sentinels, too), no cluster and no pool';
      throw errors.invalidOption('options.redis', what, original);
    }
    this.#client = original.duplicate(this.#flavour.options);
    if (hear) this.#listener = this.#flavour.listener(this.#client, hear);
    this.#client.on('error', (error) => this.#fail(error));
    this.#client.on('close', () => (this.#trouble ??= new Error('the connection is lost')));
    this.#client.on('ready', () => {
      this.#begin();
      if (this.#wasReady) reconnected?.();
      this.#wasReady = true;
    });
  }

  /** The number of the database. */
  get database() {
    return this.#flavour.database(this.#client);
  }

  /**
   * Sends a command; the commands go in the order of the calls. Rejected with `ERR_CLUSTER_RS_REDIS_AWAY` where the server
   * can't be asked, and with the server's own error.
   */
  send(words) {
    return this.#do(async () => this.#flavour.send(this.#client, words));
  }

  subscribe(channel) {
    return this.#do(async () => this.#flavour.subscribe(this.#client, channel, this.#listener));
  }

  unsubscribe(channel) {
    return this.#do(async () => this.#flavour.unsubscribe(this.#client, channel, this.#listener));
  }

  close() {
    this.#isClosed = true;
    if (!this.#flavour.isOver(this.#client)) this.#flavour.close(this.#client);
    this.#fail(errors.connectionClosed());
  }

  /** Calls `act` as soon as there is a connection. */
  #do(act) {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw errors.connectionClosed();
      const settle = (act) => (result) => {
        clearTimeout(timer);
        act(result);
      };
      const fail = settle((error) => reject(this.#toError(error)));
      const asked = { begin: () => promises.then(act(), settle(resolve), fail), fail };
      const timer = setTimeout(() => {
        asked.begin = () => {};
        reject(errors.redisAway(`no answer within ${PATIENCE} ms`));
      }, PATIENCE);
      if (!this.#waiting && this.#flavour.isOver(this.#client)) this.#connect();
      if (this.#waiting) arrays.push(this.#waiting, asked);
      else asked.begin();
    });
  }

  /** The first time, or after the package has given up: it tries again by itself otherwise. */
  #connect() {
    this.#waiting = [];
    promises.then(this.#client.connect(), undefined, (error) => this.#fail(this.#trouble ?? error));
  }

  #begin() {
    const waiting = this.#waiting ?? [];
    this.#waiting = this.#trouble = undefined;
    for (const { begin } of waiting) begin();
  }

  #fail(error) {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#trouble = error;
    for (const { fail } of waiting) fail(error);
  }

  #toError(error) {
    if (this.#isClosed) return errors.connectionClosed();
    const word = wordOf(error);
    if (word !== undefined && !arrays.includes(NOT_NOW, word)) return error;
    const { message, code } = (word === undefined && this.#trouble) || error;
    return errors.redisAway(message || code);
  }
}

/** The word in capitals that each error of a server begins with, and no other error. */
function wordOf({ message }) {
  return typeof message === 'string' ? regexps.exec(/^([A-Z]{2,}) /, message)?.[1] : undefined;
}

module.exports = { Client, wordOf };
