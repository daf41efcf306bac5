'use strict';

const { once } = require('node:events');
const net = require('node:net');
const { until } = require('../support.js');

/** A client's connection of which every byte counts. */
class Connection {
  #received = '';
  head; // of the last answer

  constructor(socket) {
    this.socket = socket.setEncoding('latin1');
    socket.on('data', (text) => (this.#received += text));
    socket.on('close', () => (this.isClosed = true));
    socket.on('error', (error) => (this.error = error));
  }

  /** Connects to a port of 127.0.0.1, or a Unix socket. */
  static async open(place) {
    const socket = typeof place === 'number' ? net.connect(place, '127.0.0.1') : net.connect(place);
    await once(socket, 'connect');
    return new Connection(socket);
  }

  send(text) {
    this.socket.write(text);
  }

  /** Sends a request, and gives the text of its answer. */
  async get(path) {
    this.send(`GET ${path} HTTP/1.1\r\nHost: any\r\n\r\n`);
    return (await this.answer()).text;
  }

  /** The next answer. A closed connection is an error. */
  async answer() {
    return until(
      () => {
        const found = this.#take();
        if (!found && this.isClosed) throw this.error ?? new Error('the connection is closed');
        return found;
      },
      () => `an answer; there is ${this.#received.slice(0, 200)}`,
    );
  }

  #take() {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = this.#received.slice(0, end);
    const body = this.#received.slice(end + 4);
    const [, status] = /^HTTP\/1.1 (\d+)/.exec(head);
    const [, length] = /^content-length: (\d+)$/im.exec(head) ?? [];
    this.head = head;
    const closes = /^connection: close$/im.test(head);
    if (status === '100') return this.#cut(end + 4, { status, text: '' });
    if (length !== undefined) {
      const text = body.slice(0, length);
      return text.length < length ? undefined : this.#cut(end + 4 + text.length, { status, closes, text });
    }
    const chunked = body.indexOf('0\r\n\r\n');
    if (chunked < 0) return undefined;
    const text = body.slice(0, chunked).replace(/[0-9a-f]+\r\n(.*)\r\n/g, '$1');
    return this.#cut(end + 4 + chunked + 5, { status, closes, text });
  }

  #cut(length, answer) {
    this.#received = this.#received.slice(length);
    return answer;
  }

  /** Waits until the other side has closed. */
  async closed() {
    await until(() => this.isClosed, 'the end of a connection');
    if (this.error) throw this.error;
  }
}

module.exports = { Connection };
