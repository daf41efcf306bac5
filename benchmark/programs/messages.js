'use strict';

// Messages in one direction, as fast as the other end takes them, for a while.

const cluster = require('cluster');
const { options, ownCpu, say } = require('./options.js');
const { shapes } = require('./shapes.js');

// Sent together, and how many such batches may be on their way: enough that neither end waits for the other.
const WINDOW = 2;

const { bytes, batch, milliseconds, shape = 'text' } = options;
const make = shapes[shape];

/** Sends with `send(message, callback)`; then `{ sent }`, the number of messages. */
function flood(send) {
  const end = performance.now() + milliseconds;
  let sent = 0;
  let flying = 0;
  let isOver = false;
  let isNext = false;
  const sendNext = () => {
    if (isNext || isOver || flying === WINDOW) return;
    isNext = true;
    setImmediate(sendBatch);
  };
  const sendBatch = () => {
    isNext = false;
    if (performance.now() > end) {
      isOver = true;
      send({ sent });
      return;
    }
    flying++;
    for (let i = 1; i < batch; i++) send(make(100000 + (sent++ % 900000), bytes));
    send(make(100000 + (sent++ % 900000), bytes), () => {
      flying--;
      sendNext();
    });
    sendNext();
  };
  sendBatch();
}

/** Counts what comes; calls `done` when it has all been received. */
function drain(emitter, done) {
  let received = 0;
  emitter.on('message', (message) => {
    if (message.n !== undefined) received++;
    if (message.sent === undefined) return;
    if (received !== message.sent) throw new Error(`${received} of ${message.sent} messages have come`);
    done(received);
  });
}

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: options.serialization ?? 'json' });
  const worker = cluster.fork();
  let begin;
  const started = () => {
    begin = { time: performance.now(), cpu: ownCpu() };
  };
  const finished = (messages, workers) => {
    const cpu = { primary: ownCpu() - begin.cpu, workers };
    say({ messages, seconds: (performance.now() - begin.time) / 1000, cpu });
    worker.kill('SIGKILL');
  };
  worker.once('message', () => {
    say({ workers: [worker.process.pid] });
    started();
    if (options.direction === 'to the worker') {
      worker.on('message', ({ messages, cpu }) => finished(messages, cpu));
      flood((message, callback) => worker.send(message, callback));
    } else {
      let all;
      drain(worker, (messages) => (all = messages));
      worker.on('message', ({ cpu }) => {
        if (cpu !== undefined) finished(all, cpu);
      });
      worker.send('go');
    }
  });
} else {
  process.send('ready');
  let before = ownCpu();
  if (options.direction === 'to the worker') {
    drain(process, (messages) => process.send({ messages, cpu: ownCpu() - before }));
  } else {
    process.once('message', () => {
      before = ownCpu();
      flood((message, callback) => {
        process.send(message, callback);
        if (message.sent !== undefined) process.send({ cpu: ownCpu() - before });
      });
    });
  }
}
