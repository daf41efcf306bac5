'use strict';

// Messages that go to and fro, one or several at a time.

const cluster = require('cluster');
const { options, ownCpu, say } = require('./options.js');
const { shapes } = require('./shapes.js');

const { bytes, flying = 1, roundTrips, shape = 'text' } = options;
const make = shapes[shape];

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: options.serialization ?? 'json' });
  const worker = cluster.fork();
  // Those that warm up are the first; then the processes tell their CPU time, before the rest and after.
  let left = options.warmUp;
  let missing = 0;
  let begin;
  const launch = () => {
    missing = flying;
    for (let i = 0; i < flying; i++) worker.send(make(100000 + i, bytes));
  };
  worker.on('message', (message) => {
    if (message.cpu !== undefined) {
      if (begin === undefined) {
        say({ workers: [worker.process.pid] });
        begin = { time: performance.now(), primary: ownCpu(), workers: message.cpu };
        left = roundTrips;
        launch();
      } else {
        const seconds = (performance.now() - begin.time) / 1000;
        const cpu = { primary: ownCpu() - begin.primary, workers: message.cpu - begin.workers };
        say({ roundTrips, seconds, cpu });
        worker.kill('SIGKILL');
      }
    } else if (left > flying) {
      left--;
      worker.send(make(message.n, bytes));
    } else {
      missing--;
      if (missing === 0) worker.send('cpu');
    }
  });
  worker.once('online', launch);
} else {
  process.on('message', (message) => process.send(message === 'cpu' ? { cpu: ownCpu() } : message));
}
