'use strict';

// One message for all workers, again and again: by `cluster.broadcast`, or by a loop over the workers.

const cluster = require('cluster');
const { options, ownCpu, say } = require('./options.js');

// How many broadcasts are sent in a turn of the loop, and how many such batches may be on their way: enough that neither
// end waits for the other.
const BATCH = 100;
const WINDOW = 2;

if (cluster.isPrimary) {
  const message = { text: 'x'.repeat(options.bytes - JSON.stringify({ text: '' }).length) };
  const loop = (m) => {
    for (const worker of Object.values(cluster.workers)) worker.send(m);
  };
  const broadcast = options.loop ? loop : (m) => cluster.broadcast(m);
  let ready = 0;
  let answers = 0;
  let broadcasts = 0;
  let flying = 0;
  let begin;
  let atEnd;
  const sendBatch = () => {
    flying++;
    for (let i = 0; i < BATCH; i++) broadcast(message);
    broadcasts += BATCH;
    broadcast('mark');
  };
  cluster.on('message', (worker, { mark, cpu }) => {
    if (mark && ++answers % options.workers === 0) {
      flying--;
      if (performance.now() - begin.time < options.milliseconds) {
        sendBatch();
      } else if (flying === 0) {
        atEnd = {
          seconds: (performance.now() - begin.time) / 1000,
          primary: ownCpu() - begin.cpu,
          workers: 0,
          left: 0,
        };
        loop('cpu');
      }
    } else if (cpu !== undefined) {
      atEnd.workers += cpu;
      if (++atEnd.left < options.workers) return;
      say({ broadcasts, seconds: atEnd.seconds, cpu: { primary: atEnd.primary, workers: atEnd.workers } });
    } else if (!mark && ++ready === options.workers) {
      say({
        workers: Object.values(cluster.workers).map((each) => each.process.pid),
        can: typeof cluster.broadcast === 'function',
      });
      begin = { time: performance.now(), cpu: ownCpu() };
      if (!options.loop && typeof cluster.broadcast !== 'function') return;
      for (let i = 0; i < WINDOW; i++) sendBatch();
    }
  });
  for (let i = 0; i < options.workers; i++) cluster.fork();
} else {
  let before;
  process.on('message', (message) => {
    before ??= ownCpu();
    if (message === 'mark') process.send({ mark: true });
    else if (message === 'cpu') process.send({ cpu: ownCpu() - before });
  });
  process.send({});
}
