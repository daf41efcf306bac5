'use strict';

// Messages to all workers, so many together, which send them back. The next ones follow when all have come.

const cluster = require('cluster');
const { options, ownCpu, say } = require('./options.js');

const { echoes, together, warmUp, workers: count } = options;

/** Has at least so many messages echoed. */
function echo(workers, wanted, done) {
  let missing = 0;
  let left = wanted;
  const sendNext = () => {
    for (const worker of workers) {
      for (let i = 0; i < together; i++) worker.send({ action: 'update', level: 9001 });
    }
    missing = workers.length * together;
    left -= missing;
  };
  const receive = () => {
    if (--missing > 0) return;
    if (left > 0) return sendNext();
    cluster.removeListener('message', receive);
    done();
  };
  cluster.on('message', receive);
  sendNext();
}

/** Asks each worker for its CPU time, in microseconds; `done` has the sum. */
function askForCpu(workers, done) {
  let sum = 0;
  let missing = workers.length;
  const receive = (worker, { cpu }) => {
    sum += cpu;
    if (--missing > 0) return;
    cluster.removeListener('message', receive);
    done(sum);
  };
  cluster.on('message', receive);
  for (const worker of workers) worker.send('cpu');
}

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: options.serialization ?? 'json' });
  const workers = Array.from({ length: count }, () => cluster.fork());
  let online = 0;
  cluster.on('online', () => {
    if (++online < count) return;
    say({ workers: workers.map((worker) => worker.process.pid) });
    echo(workers, warmUp, () =>
      askForCpu(workers, (before) => {
        const begin = { time: performance.now(), cpu: ownCpu() };
        echo(workers, echoes, () => {
          const seconds = (performance.now() - begin.time) / 1000;
          const primary = ownCpu() - begin.cpu;
          askForCpu(workers, (after) => {
            say({ seconds, cpu: { primary, workers: after - before } });
            for (const worker of workers) worker.kill('SIGKILL');
          });
        });
      }),
    );
  });
} else {
  process.on('message', (message) => process.send(message === 'cpu' ? { cpu: ownCpu() } : message));
}
