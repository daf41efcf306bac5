'use strict';

// As much of the WebSocket protocol (RFC 6455) as a client needs that sends short texts to Node's inspector and gets long ones.

const { randomBytes } = require('node:crypto');
const EventEmitter = require('node:events');
const http = require('node:http');
const { Buffer } = require('node:buffer');
const { Error, Number, Promise, URL } = require('../primordials.js');

const [CONTINUES, TEXT, CLOSE, PING, PONG] = [0x0, 0x1, 0x8, 0x9, 0xa];
const FINAL = 0x80;
const MASKED = 0x80;

// How long a message may be, in bytes: as long as a text of JavaScript's.
const LONGEST = 2 ** 29 - 24;

/** A client's frame, which has to be masked. */
function frame(kind, payload) {
  const { length } = payload;
  const mask = randomBytes(4);
  const masked = Buffer.alloc(length);
  for (let i = 0; i < length; i++) masked[i] = payload[i] ^ mask[i % 4];
  const head = Buffer.alloc(length < 126 ? 2 : 4);
  head[0] = FINAL | kind;
  head[1] = MASKED | (length < 126 ? length : 126);
  if (length >= 126) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, mask, masked]);
}

/** Emits `message` with each text, and `close` when the other side has gone, or sends more than a text can hold. */
class WebSocket extends EventEmitter {
  #socket;
  #pieces = []; // what has come and is no whole frame
  #size = 0;
  #parts = []; // the frames of a message that is not whole
  #length = 0; // of these

  /**
   * @param {import('node:net').Socket} socket after the handshake
   * @param {Buffer} first what came with it
   */
  constructor(socket, first) {
    super();
    this.#socket = socket;
    socket.on('error', () => {}); // Its end is told by its close.
    socket.on('close', () => this.emit('close'));
    socket.on('data', (data) => this.#read(data));
    if (first.length > 0) this.#read(first);
  }

  /** @param {string} text of less than 64 KiB */
  send(text) {
    if (this.#socket.writable) this.#socket.write(frame(TEXT, Buffer.from(text)));
  }

  close() {
    this.#socket.destroy();
  }

  #read(data) {
    this.#pieces.push(data);
    this.#size += data.length;
    for (let head; (head = this.#head());) {
      if (this.#length + head.length > LONGEST) return this.close();
      if (this.#size < head.begin + head.length) return;
      const all = Buffer.concat(this.#pieces);
      const end = head.begin + head.length;
      this.#pieces = [all.subarray(end)];
      this.#size = all.length - end;
      this.#take(head, all.subarray(head.begin, end));
    }
  }

  /** What the next frame says of itself, if enough of it is there. */
  #head() {
    if (this.#pieces[0].length < 10 && this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces)];
    const [start] = this.#pieces;
    if (start.length < 2) return undefined;
    const [kind, isLast] = [start[0] & 0x0f, (start[0] & FINAL) !== 0];
    const length = start[1] & 0x7f;
    if (length < 126) return { kind, isLast, begin: 2, length };
    if (length === 126) return start.length < 4 ? undefined : { kind, isLast, begin: 4, length: start.readUInt16BE(2) };
    return start.length < 10 ? undefined : { kind, isLast, begin: 10, length: Number(start.readBigUInt64BE(2)) };
  }

  #take({ isLast, kind }, payload) {
    if (kind === PING) this.#socket.write(frame(PONG, payload));
    if (kind === CLOSE) this.close();
    if (kind !== TEXT && kind !== CONTINUES) return;
    this.#parts.push(payload);
    this.#length += payload.length;
    if (!isLast) return;
    const text = Buffer.concat(this.#parts).toString();
    this.#parts = [];
    this.#length = 0;
    this.emit('message', text);
  }
}

/**
 * Connects.
 * @param {string} url `ws://…`
 * @returns {Promise<WebSocket>}
 */
function connect(url) {
  const { hostname, pathname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    };
    const request = http.get({ host: hostname, port, path: pathname, headers, agent: false });
    request.on('upgrade', (_, socket, first) => resolve(new WebSocket(socket, first)));
    request.on('response', ({ statusCode }) => {
      request.destroy();
      reject(new Error(`the inspector has answered with ${statusCode}`));
    });
    request.on('error', reject);
  });
}

module.exports = { connect };
