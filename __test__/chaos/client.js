'use strict';

// Makes connections, a number of them at the same time, each with a request of its own.
//
//   node client.js <port> <address to come from> <how many at the same time>
//
// It is told, one in a line: `burst <n>`, for so many more at once, and `finish`. It prints how the connections have ended.

const net = require('node:net');
const readline = require('node:readline');
const { setTimeout: delay } = require('node:timers/promises');

// Long enough for everything but a connection that nobody has.
const HANGS_AFTER = 60_000;

const [port, address, slots] = process.argv.slice(2);
const summary = { connected: 0, answered: 0, failures: [], slowest: 0 };
let requests = 0;
let isFinished = false;

/** One connection with one request. Fulfilled when it has ended, however that is. */
function ask() {
  const question = `${address} ${++requests}`;
  const begun = Date.now();
  let place;
  let text = '';
  return new Promise((resolve) => {
    // The answer ends with the connection's end; then it is reset, so that it leaves the kernel, and its port is free.
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: address, allowHalfOpen: true });
    const timer = setTimeout(() => end('hangs'), HANGS_AFTER);
    let hasEnded = false;
    const end = (why) => {
      if (hasEnded) return;
      hasEnded = true;
      clearTimeout(timer);
      socket.resetAndDestroy();
      const ended = Date.now();
      if (why === undefined) summary.answered++;
      else summary.failures.push({ why, place, begun, ended, question, text });
      summary.slowest = Math.max(summary.slowest, ended - begun);
      resolve();
    };
    socket.once('connect', () => {
      summary.connected++;
      place = `${address}:${socket.localPort}`;
      socket.write(`${question}\n`);
    });
    socket.setEncoding('latin1').on('data', (part) => (text += part));
    socket.once('end', () => end(text === `answer to ${question}\n` ? undefined : 'is closed'));
    socket.on('error', ({ code }) => end(code));
  });
}

async function askAgainAndAgain() {
  while (!isFinished) {
    await ask();
    await delay(Math.random() * 10);
  }
}

async function main() {
  const pending = Array.from({ length: Number(slots) }, askAgainAndAgain);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word, number] = line.split(' ');
    if (word === 'finish') break;
    for (let i = 0; i < Number(number); i++) pending.push(ask());
  }
  isFinished = true;
  await Promise.all(pending);
  process.stdin.destroy();
  console.log(JSON.stringify(summary));
}

main();
