'use strict';

// A service whose workers are stopped and killed again and again, and the clients that use it.
//
//   node soak.js serve <workers>                            prints its port, and the pids of workers that listen
//   node soak.js ask <port> <address to come from> <count>  makes so many connections; prints how they ended

const cluster = require('cluster');
const net = require('net');

// How many connections a client has at the same time.
const SLOTS = 64;

// How long until a connection hangs, in milliseconds.
const PATIENCE = 60_000;

// After how many connections a client says how far it is.
const STEP = 1000;

function serve(workers) {
  if (cluster.isWorker) {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {}); // Clients reset what is answered.
      socket.once('data', () => socket.end('answered'));
    });
    server.listen(0, '127.0.0.1');
    return;
  }
  const say = (what) => console.log(JSON.stringify(what));
  cluster.on('listening', (worker, { port }) => say({ port, listens: worker.process.pid }));
  cluster.on('exit', (worker) => {
    say({ gone: worker.process.pid });
    cluster.fork();
  });
  for (let i = 0; i < workers; i++) cluster.fork();
  process.stdin.on('data', () => say({ figures: cluster.figures() }));
}

function ask(port, address, count) {
  const ends = {};
  let begun = 0;
  let ended = 0;

  const next = () => {
    if (begun++ >= count) return;
    let text = '';
    let isOver = false;
    const over = (how) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      // A reset leaves nothing in the kernel, so that there is always a free port.
      socket.resetAndDestroy();
      ends[how] = (ends[how] ?? 0) + 1;
      if (++ended % STEP === 0 || ended === count) console.log(JSON.stringify({ ended, ends }));
      next();
    };
    const timer = setTimeout(() => over('hangs'), PATIENCE);
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: address, allowHalfOpen: true });
    socket.on('connect', () => socket.write('request'));
    socket.setEncoding('latin1').on('data', (part) => (text += part));
    socket.on('end', () => over(text === 'answered' ? text : 'is closed'));
    socket.on('error', ({ code }) => over(code));
  };
  for (let i = 0; i < SLOTS; i++) next();
}

const [what, ...args] = process.argv.slice(2);
if (what === 'ask') ask(Number(args[0]), args[1], Number(args[2]));
else serve(Number(args[0]));
