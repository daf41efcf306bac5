'use strict';

// A conversation with the inspector of a process, in the Chrome DevTools Protocol.

const EventEmitter = require('node:events');
const http = require('node:http');
const { Error, JSON, Map, Promise } = require('../primordials.js');
const { connect } = require('./websocket.js');

const gone = () => new Error('the process has ended, or has closed its inspector');

/** Emits each event of the protocol under its name, with what it says, and `close` when it is over. */
class Session extends EventEmitter {
  #socket;
  #last = 0;
  #asked = new Map(); // by number
  isClosed = false;

  constructor(socket) {
    super();
    this.#socket = socket;
    socket.on('message', (text) => this.#hear(JSON.parse(text)));
    socket.on('close', () => {
      for (const { reject } of this.#asked.values()) reject(gone());
      this.#asked.clear();
      this.isClosed = true;
      this.emit('close');
    });
  }

  #hear({ error, id, method, params, result }) {
    if (id === undefined) return this.emit(method, params);
    const { reject, resolve } = this.#asked.get(id);
    this.#asked.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  }

  /** Sends a command; gives its result. */
  send(method, params) {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      if (this.isClosed) throw gone();
      this.#asked.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close() {
    this.#socket.close();
  }
}

/**
 * Where the inspector that listens at a port of 127.0.0.1 is to be connected to; `undefined` if that is no inspector.
 * @param {number} port
 * @param {number} patience how long to wait for an answer, in milliseconds
 * @returns {Promise<string | undefined>}
 */
function addressAt(port, patience) {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, path: '/json/list', agent: false, timeout: patience });
    request.on('error', () => resolve(undefined));
    request.on('timeout', () => request.destroy());
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('close', () => {
        try {
          resolve(JSON.parse(text)[0].webSocketDebuggerUrl);
        } catch {
          resolve(undefined);
        }
      });
    });
  });
}

/** @param {string} url of {@link addressAt} @returns {Promise<Session>} */
const openSession = async (url) => new Session(await connect(url));

module.exports = { addressAt, openSession };
