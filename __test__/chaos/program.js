'use strict';

// A primary with workers that do as they are told.
//
//   node program.js <port> <file for what workers had when they ended by themselves>
//
// The primary is told, in lines of JSON: `{ fork: {<variables>} }`, `{ disconnect: <id> }`, `{ tell: <id>, what, number }`,
// `{ block: <milliseconds> }`, `{ figures: true }`. It prints, in lines of JSON, what has happened.

const cluster = require('cluster');
const fs = require('node:fs');
const net = require('node:net');
const readline = require('node:readline');

const [port, file] = process.argv.slice(2);

function block(milliseconds) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end);
}

function runPrimary() {
  const print = (what) => fs.writeSync(1, `${JSON.stringify(what)}\n`);
  cluster.on('listening', ({ id }) => print({ event: 'listening', id }));
  cluster.on('disconnect', ({ id }) => print({ event: 'disconnect', id }));
  cluster.on('exit', ({ id }, code, signal) => print({ event: 'exit', id, how: signal ?? code, at: Date.now() }));

  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const order = JSON.parse(line);
    if (order.fork) {
      const worker = cluster.fork(order.fork);
      // What is told to a worker that is just dying.
      worker.on('error', ({ code }) => {
        if (code !== 'EPIPE' && code !== 'ERR_IPC_CHANNEL_CLOSED') throw new Error(code);
      });
      print({ event: 'fork', id: worker.id, pid: worker.process.pid });
    }
    if (order.disconnect) cluster.workers[order.disconnect]?.disconnect();
    if (order.tell) cluster.workers[order.tell]?.send(order);
    if (order.block) block(order.block);
    if (order.figures) print({ event: 'figures', figures: cluster.figures() });
  });
}

function runWorker() {
  const connections = new Set();
  let onNext; // what to do at the next connection
  let server;

  process.on('exit', () => {
    if (connections.size > 0)
      fs.appendFileSync(file, `${JSON.stringify({ at: Date.now(), held: [...connections] })}\n`);
  });

  function serve(socket) {
    const place = `${socket.remoteAddress}:${socket.remotePort}`;
    connections.add(place);
    let request = '';
    socket.on('error', () => {}); // Clients reset what is answered.
    socket.on('close', () => connections.delete(place));
    socket.setEncoding('latin1').on('data', (part) => {
      request += part;
      if (!request.endsWith('\n')) return;
      const answer = () => socket.end(`answer to ${request}`);
      // Many are open for a while, so that there is something to lose.
      if (Math.random() < 0.3) setTimeout(answer, Math.random() * 30);
      else answer();
    });
    const now = onNext;
    onNext = undefined;
    now?.();
  }

  function listen() {
    server = net.createServer({ allowHalfOpen: true }, serve);
    if (process.env.MOST_CONNECTIONS) server.maxConnections = Number(process.env.MOST_CONNECTIONS);
    server.listen({ port, host: '127.0.0.1' });
  }

  const actions = {
    block: (milliseconds) => block(milliseconds),
    blockNext: (milliseconds) => (onNext = () => block(milliseconds)),
    exit: () => process.exit(1),
    exitNext: () => (onNext = () => process.exit(1)),
    disconnect: () => cluster.worker.disconnect(),
    listenAnew() {
      server.close();
      listen();
    },
  };
  process.on('message', ({ what, number }) => actions[what](number));
  listen();
}

if (cluster.isPrimary) runPrimary();
else runWorker();
