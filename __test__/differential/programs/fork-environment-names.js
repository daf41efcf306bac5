'use strict';
const cluster = require('cluster');

// Which variables the worker has that the primary has not, and the other way round.
if (cluster.isPrimary) {
  const worker = cluster.fork({ EXTRA: '1' });
  worker.on('message', (names) => {
    console.log(
      'only in worker',
      names.filter((name) => !(name in process.env)),
    );
    console.log(
      'only in primary',
      Object.keys(process.env).filter((name) => !names.includes(name)),
    );
  });
} else {
  process.send(Object.keys(process.env), () => process.disconnect());
}
