'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  const cyclic = {};
  cyclic.self = cyclic;
  worker.on('online', () => {
    for (const value of [
      undefined,
      () => {},
      Symbol('s'),
      10n,
      { big: 10n },
      cyclic,
      {
        toJSON() {
          throw new RangeError('mine');
        },
      },
    ]) {
      try {
        console.log(typeof value, worker.send(value));
      } catch (error) {
        console.log(typeof value, error.name, error.code, error.message.split('\n')[0]);
      }
    }
    try {
      worker.send();
    } catch (error) {
      console.log(error.name, error.code, error.message);
    }
    worker.disconnect();
  });
  worker.on('message', (message) => console.log(message));
} else {
  const results = [];
  for (const value of [undefined, () => {}, Symbol('s'), 10n]) {
    try {
      results.push(process.send(value));
    } catch (error) {
      results.push([error.name, error.code, error.message]);
    }
  }
  process.send(results);
  process.on('message', (message) => process.send({ unexpected: message }));
}
