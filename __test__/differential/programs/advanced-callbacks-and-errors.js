'use strict';
const cluster = require('cluster');

// What can't be sent throws where it is sent, and costs nothing of what was sent before it and after it.
if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  const bad = [
    { deep: [{ f() {} }] },
    new Map([[Symbol('s'), 1]]),
    { at: new Date(1), f: () => 1 },
    new Proxy({ a: 1 }, {}),
    { p: new Proxy([1], {}) },
    { get fails() { throw new Error('from a getter'); } }, // prettier-ignore
    { w: new WeakMap() },
    { p: Promise.resolve(1) },
  ];
  worker.on('online', () => {
    for (const [i, value] of bad.entries()) {
      worker.send({ before: i, at: new Date(i) });
      try {
        worker.send(value);
      } catch (error) {
        console.log(error.name, error.message);
      }
      worker.send({ after: i, bytes: Buffer.from([i]) }, (error) => console.log('written', i, error));
    }
    worker.send('end');
  });
  worker.on('message', (message) => {
    console.log(message);
    if (message === 'end') worker.disconnect();
  });
} else {
  process.on('message', (message) => process.send(message));
}
