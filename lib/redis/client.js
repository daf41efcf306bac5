'use strict';

// Connections of our own to the server of a client that the program has, whichever package that is of.

const { Promise, clearTimeout, promises, setTimeout, strings } = require('../primordials.js');
const errors = require('../errors.js');

// For how long an answer, or the connection, is waited for, in milliseconds.
const PATIENCE = 5000;

// A command that is sent twice may be done twice: one that has not been answered is an error, and so is one without a connection.
const FLAVOURS = {
  __proto__: null,

  ioredis: {
    options: { autoResendUnfulfilledCommands: false, enableOfflineQueue: false, lazyConnect: true },
    send: (client, words) => client.call(...words),
    close: (client) => client.disconnect(),
    subscribe(client, isPattern, channel) {
      return isPattern ? client.psubscribe(channel) : client.subscribe(channel);
    },
    unsubscribe: (client, channel) => client.unsubscribe(channel),
    hear(client, hear) {
      client.on('message', (channel, message) => hear(channel, message));
      client.on('pmessage', (pattern, channel, message) => hear(channel, message));
    },
  },

  'node-redis': {
    options: { disableOfflineQueue: true },
    send: (client, words) => client.sendCommand(words),
    close: (client) => client.destroy(),
    subscribe(client, isPattern, channel, hear) {
      const told = (message, from) => hear(from, message);
      return isPattern ? client.pSubscribe(channel, told) : client.subscribe(channel, told);
    },
    unsubscribe: (client, channel) => client.unsubscribe(channel),
    hear() {},
  },
};

function flavourOf(client) {
  if (typeof client?.duplicate !== 'function' || typeof client.on !== 'function') return undefined;
  if (typeof client.call === 'function') return FLAVOURS.ioredis;
  return typeof client.sendCommand === 'function' ? FLAVOURS['node-redis'] : undefined;
}

/** Settled as `promise` is, or rejected when that takes too long. */
function inTime(promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(errors.redisAway(`no answer within ${PATIENCE} ms`)), PATIENCE);
    const settle = (act) => (result) => {
      clearTimeout(timer);
      act(result);
    };
    promises.then(promise, settle(resolve), settle(reject));
  });
}

/** A connection like that of the program's client. */
class Client {
  #client;
  #flavour;
  #ready;
  #hear;
  #reconnected;
  #isClosed = false;

  /**
   * @param {object} original the program's
   * @param {object} [events]
   * @param {(channel: string, message: string) => void} [events.hear] called with what it has subscribed to
   * @param {() => void} [events.reconnected] called when the connection has been lost, and is there again
   */
  constructor(original, { hear, reconnected } = {}) {
    this.#flavour = flavourOf(original);
    if (!this.#flavour) throw errors.invalidOption('options.redis', 'a client of redis or ioredis', original);
    this.#client = original.duplicate(this.#flavour.options);
    this.#hear = hear;
    this.#reconnected = reconnected;
    this.#client.on('error', () => {}); // Each command tells.
    if (hear) this.#flavour.hear(this.#client, hear);
  }

  /** Sends a command; rejected with `ERR_CLUSTER_RS_REDIS_AWAY` where the server can't be asked. */
  send(words) {
    return this.#do(() => this.#flavour.send(this.#client, words));
  }

  subscribe(channel, isPattern = false) {
    return this.#do(() => this.#flavour.subscribe(this.#client, isPattern, channel, this.#hear));
  }

  unsubscribe(channel) {
    return this.#do(() => this.#flavour.unsubscribe(this.#client, channel));
  }

  close() {
    this.#isClosed = true;
    if (this.#ready) this.#flavour.close(this.#client);
  }

  async #do(act) {
    if (this.#isClosed) throw errors.keeperGone();
    try {
      await inTime((this.#ready ??= this.#connect()));
      return await inTime(act());
    } catch (error) {
      const { code, message } = error;
      if (typeof code === 'string' && strings.startsWith(code, 'ERR_CLUSTER_RS')) throw error;
      if (isAnswer(error)) throw error;
      throw errors.redisAway(message);
    }
  }

  async #connect() {
    let wasReady = false;
    this.#client.on('ready', () => {
      if (wasReady) this.#reconnected?.();
      wasReady = true;
    });
    try {
      await this.#client.connect();
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }
}

/** Whether the server has said it. */
function isAnswer({ name, message }) {
  const isOf = name === 'ReplyError' || name === 'SimpleError' || name === 'ErrorReply' || name === 'BlobError';
  return isOf || hasWord(message, 'NOSCRIPT') || hasWord(message, 'OOM');
}

function hasWord(message, word) {
  return typeof message === 'string' && strings.startsWith(message, word);
}

module.exports = { Client, hasWord };
