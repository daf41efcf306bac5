'use strict';

// A server counts its connections, and waits for them when it closes, also those that it has passed to another process:
// both sides keep an account, and ask each other with internal messages (as Node's `lib/internal/socket_list.js`).

const EventEmitter = require('node:events');
const { Error, Map, WeakMap } = require('../primordials.js');
const { coded } = require('../errors.js');

const ASK_COUNT = 'NODE_SOCKET_GET_COUNT';
const COUNT = 'NODE_SOCKET_COUNT';
const ASK_CLOSED = 'NODE_SOCKET_NOTIFY_CLOSE';
const CLOSED = 'NODE_SOCKET_ALL_CLOSED';

const sentBy = new WeakMap();
const receivedBy = new WeakMap();

function accountOf(accounts, target, key, make) {
  let ofTarget = accounts.get(target);
  if (ofTarget === undefined) accounts.set(target, (ofTarget = new Map()));
  let account = ofTarget.get(key);
  if (account === undefined) ofTarget.set(key, (account = make()));
  return account;
}

/** Where a server asks for its connections at another process. */
class SentSockets extends EventEmitter {
  #target;
  #key;

  constructor(target, key) {
    super();
    this.#target = target;
    this.#key = key;
    target.once('exit', () => this.emit('exit', this));
  }

  #ask(cmd, answer, callback) {
    const target = this.#target;
    const finish = (error, message) => {
      target.removeListener('internalMessage', onMessage);
      target.removeListener('disconnect', onDisconnect);
      callback(error, message);
    };
    const onMessage = (message) => {
      if (message.cmd === answer && message.key === this.#key) {
        finish(null, message);
      }
    };
    const onDisconnect = () =>
      finish(coded(Error, 'ERR_CHILD_CLOSED_BEFORE_REPLY', 'Child closed before reply received'));
    if (!target.connected) return onDisconnect();
    target.on('internalMessage', onMessage);
    target.once('disconnect', onDisconnect);
    target._send({ cmd, key: this.#key }, undefined, { swallowErrors: true });
  }

  /** Calls back once the last of them is closed. */
  close(callback) {
    this.#ask(ASK_CLOSED, CLOSED, callback);
  }

  getConnections(callback) {
    this.#ask(ASK_COUNT, COUNT, (error, message) => (error ? callback(error) : callback(null, message.count)));
  }
}

/** The connections of one server of another process that are here. */
class ReceivedSockets {
  #target;
  #key;
  #count = 0;
  #isAsked = false;

  constructor(target, key) {
    this.#target = target;
    this.#key = key;
    target.on('internalMessage', (message) => {
      if (message.key !== key) return;
      if (message.cmd === ASK_COUNT) this.#tell(COUNT);
      if (message.cmd === ASK_CLOSED) {
        this.#isAsked = true;
        this.#tellClosed();
      }
    });
  }

  add(socket) {
    this.#count++;
    socket.once('close', () => {
      this.#count--;
      this.#tellClosed();
    });
  }

  #tellClosed() {
    if (this.#count > 0 || !this.#isAsked) return;
    this.#isAsked = false;
    this.#tell(CLOSED);
  }

  #tell(cmd) {
    if (!this.#target.connected) return;
    const message = { cmd, key: this.#key, count: this.#count };
    this.#target._send(message, undefined, { swallowErrors: true });
  }
}

/**
 * Takes note that a connection of `server` is passed to `target`.
 * @returns {string} the key under which the other side is to count it
 */
function countSent(server, target, keepOpen) {
  const key = server._connectionKey;
  accountOf(sentBy, target, key, () => {
    const sent = new SentSockets(target, key);
    server._setupWorker(sent);
    return sent;
  });
  if (!keepOpen) server._connections--;
  return key;
}

/** Takes note that `socket` was passed here from `target`, where it is counted under `key`. */
function countReceived(socket, target, key) {
  const make = () => new ReceivedSockets(target, key);
  accountOf(receivedBy, target, key, make).add(socket);
}

module.exports = { countSent, countReceived };
