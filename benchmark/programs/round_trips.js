'use strict';

// One message that goes to and fro.

const cluster = require('cluster');
const { options, ownCpu, say } = require('./options.js');

const text = 'x'.repeat(48);

if (cluster.isPrimary) {
  const worker = cluster.fork();
  let n = -options.warmUp;
  let begin;
  worker.on('message', (message) => {
    if (message.cpu !== undefined) {
      if (begin === undefined) {
        say({ workers: [worker.process.pid] });
        begin = { time: performance.now(), primary: ownCpu(), workers: message.cpu };
        worker.send({ n, text });
      } else {
        const seconds = (performance.now() - begin.time) / 1000;
        const cpu = { primary: ownCpu() - begin.primary, workers: message.cpu - begin.workers };
        say({ roundTrips: options.roundTrips, seconds, cpu });
        worker.kill('SIGKILL');
      }
    } else if (n === 0 || n === options.roundTrips) {
      n++;
      worker.send('cpu');
    } else {
      worker.send({ n: n++, text });
    }
  });
  worker.once('online', () => worker.send({ n: n++, text }));
} else {
  process.on('message', (message) => process.send(message === 'cpu' ? { cpu: ownCpu() } : message));
}
