'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  const worker = cluster.fork();
  let reads = 0;
  worker.on('online', () => {
    worker.send({
      z: 1,
      10: 'ten',
      get a() {
        return ++reads;
      },
      2: 'two',
      nested: { y: [], x: {} },
    });
  });
  worker.on('message', (message) => {
    console.log(JSON.stringify(message), reads);
    worker.disconnect();
  });
} else {
  process.on('message', (message) => process.send(message));
}
