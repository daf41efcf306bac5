'use strict';

// Clients with kept-alive connections that ask at a steady pace, whether they have been answered or not, as the users of a
// service do. The time of an answer is counted from when its request was due.
//
//   node open_loop.js {"port", "clients", "rate", "seconds", "skip", "path", "slow": {"path", "rate"}}
//
// Each client asks `rate` times a second for so many seconds, of which the first `skip` are not counted. `slow` requests come
// on top, each from the next of as many clients more as there are in a second: a request behind a slow one on its own
// connection would wait for that anywhere. They are not counted either. Prints a line of JSON: `p50`, `p95`, `p99` in
// milliseconds, `requests`, `errors`.

const net = require('node:net');
const { setTimeout: delay } = require('node:timers/promises');

const { port, clients, rate, seconds, skip, slow } = JSON.parse(process.argv[2]);
const begun = performance.now();
const times = [];
let errors = 0;

/** A connection with its requests that wait for their answers: one is on its way at a time. */
class Client {
  #waiting = [];
  #isAsking = false;
  #received = '';

  constructor() {
    this.#connect();
  }

  #connect() {
    this.#received = '';
    this.#isAsking = false;
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
    this.socket.on('data', (text) => this.#receive(text)).on('error', () => {});
    this.socket.on('close', () => {
      if (this.#isAsking) errors++;
      if (this.#isAsking) this.#waiting.shift();
      this.#connect();
      this.#next();
    });
  }

  ask(path, due) {
    this.#waiting.push({ path, due });
    this.#next();
  }

  #next() {
    if (this.#isAsking || this.#waiting.length === 0) return;
    this.#isAsking = true;
    this.socket.write(`GET ${this.#waiting[0].path} HTTP/1.1\r\nHost: any\r\n\r\n`);
  }

  #receive(text) {
    this.#received += text;
    if (!this.#received.endsWith('hello\n')) return;
    this.#received = '';
    this.#isAsking = false;
    const { path, due } = this.#waiting.shift();
    if (path === '/' && due - begun > skip * 1000) times.push(performance.now() - due);
    this.#next();
  }
}

async function main() {
  const all = Array.from({ length: clients }, () => new Client());
  const slowOnes = Array.from({ length: slow?.rate ?? 0 }, () => new Client());
  const end = begun + seconds * 1000;
  let asked = 0;
  let slowAsked = 0;
  for (;;) {
    const now = performance.now();
    const until = Math.min(now, end) - begun;
    for (; (asked / (clients * rate)) * 1000 < until; asked++) {
      all[asked % clients].ask('/', begun + (asked / (clients * rate)) * 1000);
    }
    for (; slow && (slowAsked / slow.rate) * 1000 < until; slowAsked++) {
      slowOnes[slowAsked % slow.rate].ask(slow.path, now);
    }
    if (now > end) break;
    await delay(1);
  }
  // Those that are late are waited for: they are what this is about.
  const wanted = Math.floor(clients * rate * (seconds - skip)) - 1;
  for (const patience = performance.now() + 30_000; times.length + errors < wanted && performance.now() < patience;) {
    await delay(20);
  }
  times.sort((a, b) => a - b);
  const percentile = (part) => times[Math.floor(times.length * part)];
  const result = { p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99), requests: times.length, errors };
  console.log(JSON.stringify(result));
  process.exit();
}

main();
