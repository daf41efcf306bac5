'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  worker.on('online', () => {
    for (const value of [
      { f() {} },
      Symbol('s'),
      () => {},
      undefined,
      10n,
      { s: Symbol('s') },
      new WeakMap(),
      Promise.resolve(),
      {
        get x() {
          throw new RangeError('mine');
        },
      },
    ]) {
      try {
        console.log(worker.send(value));
      } catch (error) {
        console.log(error.name, error.code, error.message);
      }
    }
    worker.disconnect();
  });
  worker.on('exit', (code) => console.log('exit', code));
} else {
  process.on('message', () => {});
}
