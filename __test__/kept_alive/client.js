'use strict';

// A client with one connection at a time, which it keeps for many exchanges of every kind that HTTP/1.1 knows, and checks
// that each request is answered once, in its turn, and with its own answer.

const { createHash } = require('node:crypto');
const net = require('node:net');
const { setTimeout: delay } = require('node:timers/promises');

const HANGS_AFTER = 60_000;

class Client {
  summary = { exchanges: 0, connections: 0, wrong: [], failed: [] };
  #port;
  #name;
  #random;
  #requests = 0;
  #socket;
  #received = '';
  #wake = () => {};
  #ended;

  /** @param {() => number} random as `Math.random` */
  constructor(port, name, random) {
    this.#port = port;
    this.#name = name;
    this.#random = random;
  }

  /** Goes on until `isOver` says so. */
  async run(isOver) {
    while (!isOver()) {
      let kind;
      try {
        if (!this.#socket) await this.#connect();
        // Most are plain, so that there are quiet moments, in which a connection can move.
        kind = this.#oneOf(['plain', 'plain', 'plain', 'idle', ...Object.keys(this.#kinds)]);
        await this.#kinds[kind]?.();
        if (kind === 'idle') await delay(this.#random() * 1500);
        this.summary.exchanges++;
        await delay(this.#random() * 20);
        // What comes without having been asked for.
        if (this.#socket && this.#received !== '') throw Object.assign(new Error('too much'), { isWrong: true });
      } catch (error) {
        const found = {
          kind,
          name: this.#name,
          at: Date.now(),
          message: error.message,
          received: this.#received.slice(0, 80),
        };
        (error.isWrong ? this.summary.wrong : this.summary.failed).push(found);
        this.#close();
      }
    }
    this.#close();
    return this.summary;
  }

  #oneOf(all) {
    return all[Math.floor(this.#random() * all.length)];
  }

  async #connect() {
    const socket = net.connect({ port: this.#port, host: '127.0.0.1', allowHalfOpen: true });
    this.#socket = socket;
    this.#received = '';
    this.#ended = undefined;
    this.summary.connections++;
    const isMine = () => this.#socket === socket;
    socket.setEncoding('latin1').on('data', (text) => {
      if (!isMine()) return;
      this.#received += text;
      this.#wake();
    });
    const end = (why) => {
      if (!isMine()) return;
      this.#ended ??= why;
      this.#wake();
    };
    socket.on('error', ({ code }) => end(code)).on('end', () => end('end'));
  }

  #close() {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** Waits until `take` finds something in what has been received. */
  async #take(take) {
    const deadline = Date.now() + HANGS_AFTER;
    for (;;) {
      const found = take();
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(this.#ended);
      if (Date.now() > deadline) throw new Error('hangs');
      await Promise.race([new Promise((resolve) => (this.#wake = resolve)), delay(1000)]);
    }
  }

  /** The next answer. One with `Connection: close` is the last of its connection. */
  async #answer(expected) {
    const answer = await this.#take(() => {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      const head = this.#received.slice(0, end);
      const [, status] = /^HTTP\/1\.1 (\d+)/.exec(head) ?? [];
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      const all = end + 4 + (status === '100' || status === '101' ? 0 : length);
      if (this.#received.length < all) return undefined;
      const body = this.#received.slice(end + 4, all);
      this.#received = this.#received.slice(all);
      return { status, body, closes: /^connection: close/im.test(head) };
    });
    const text = answer.body.split('\n')[0];
    if (answer.status !== expected.status || (expected.text !== undefined && text !== expected.text)) {
      throw Object.assign(new Error(`${answer.status} ${text} instead of ${expected.status} ${expected.text}`), {
        isWrong: true,
      });
    }
    return answer;
  }

  /** A request, and what its answer has to say. */
  #request({ method = 'GET', query = '', headers = '', body = '', chunked = false } = {}) {
    const path = `/${this.#name}/${++this.#requests}`;
    const hash = createHash('sha1').update(body).digest('hex');
    const trailer = chunked ? `t${this.#requests}` : '';
    const half = body.length >> 1;
    const chunk = (text) => (text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`);
    const payload = chunked
      ? `${chunk(body.slice(0, half))}${chunk(body.slice(half))}0\r\nX-Trailer: ${trailer}\r\n\r\n`
      : body;
    const about = chunked
      ? 'Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n'
      : body && `Content-Length: ${body.length}\r\n`;
    return {
      head: `${method} ${path}${query} HTTP/1.1\r\nHost: any\r\nX-Client: ${this.#name}\r\n${about}${headers}\r\n`,
      payload,
      expected: { status: '200', text: `${path} ${body.length} ${hash} ${trailer}` },
    };
  }

  async #finish(request) {
    const { closes } = await this.#answer(request.expected);
    if (closes) this.#close();
    return closes;
  }

  #kinds = {
    plain: async () => {
      const request = this.#request();
      this.#socket.write(request.head);
      await this.#finish(request);
    },
    slow: async () => {
      const request = this.#request({ query: `?slow=${Math.floor(this.#random() * 200)}` });
      this.#socket.write(request.head);
      await this.#finish(request);
    },
    body: async () => {
      const request = this.#request({ method: 'POST', body: 'b'.repeat(1 + this.#random() * 5000) });
      this.#socket.write(request.head);
      await delay(this.#random() * 5);
      this.#socket.write(request.payload);
      await this.#finish(request);
    },
    chunked: async () => {
      const request = this.#request({ method: 'POST', body: 'c'.repeat(2 + this.#random() * 500), chunked: true });
      const text = request.head + request.payload;
      const cut = Math.floor(this.#random() * text.length);
      this.#socket.write(text.slice(0, cut));
      await delay(this.#random() * 5);
      this.#socket.write(text.slice(cut));
      await this.#finish(request);
    },
    /** In two packets, with time for a move in between. */
    halves: async () => {
      const request = this.#request();
      const cut = 1 + Math.floor(this.#random() * (request.head.length - 1));
      this.#socket.write(request.head.slice(0, cut));
      await delay(this.#random() * 100);
      this.#socket.write(request.head.slice(cut));
      await this.#finish(request);
    },
    pipelined: async () => {
      const requests = Array.from({ length: 2 + Math.floor(this.#random() * 3) }, () => this.#request());
      this.#socket.write(requests.map(({ head }) => head).join(''));
      for (const request of requests) {
        // After the last answer of a connection nothing is answered; what it was asked is to be asked again.
        if (await this.#finish(request)) return;
      }
    },
    /** Half of the next request comes with the end of this one. */
    overlapping: async () => {
      const [first, second] = [this.#request(), this.#request()];
      const cut = Math.floor(second.head.length / 2);
      this.#socket.write(first.head + second.head.slice(0, cut));
      if (await this.#finish(first)) return;
      await delay(this.#random() * 50);
      this.#socket.write(second.head.slice(cut));
      await this.#finish(second);
    },
    continued: async () => {
      const request = this.#request({ method: 'PUT', headers: 'Expect: 100-continue\r\n', body: 'expected' });
      this.#socket.write(request.head);
      await this.#answer({ status: '100' });
      this.#socket.write(request.payload);
      await this.#finish(request);
    },
    /** The client reads on when it has said all. */
    halfClosed: async () => {
      const request = this.#request();
      this.#socket.end(request.head);
      await this.#answer(request.expected);
      this.#close();
    },
    upgrade: async () => {
      const request = this.#request({ headers: 'Connection: Upgrade\r\nUpgrade: echo\r\n' });
      this.#socket.write(request.head);
      await this.#answer({ status: '101' });
      const text = `echo ${this.#name} ${this.#requests}`;
      this.#socket.write(text);
      await this.#take(() => (this.#received.length >= text.length ? true : undefined));
      if (this.#received !== text) throw Object.assign(new Error('a wrong echo'), { isWrong: true });
      this.#received = '';
      this.#close();
    },
    slowReader: async () => {
      const request = this.#request({ query: '?size=2000000' });
      this.#socket.write(request.head);
      this.#socket.pause();
      await delay(this.#random() * 100);
      this.#socket.resume();
      await this.#finish(request);
    },
  };
}

module.exports = { Client };
