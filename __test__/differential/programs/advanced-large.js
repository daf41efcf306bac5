'use strict';
const cluster = require('cluster');

if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  const data = Buffer.alloc(8 * 1024 * 1024, 'abc');
  worker.on('online', () =>
    worker.send({ data, list: Array.from({ length: 10000 }, (_, i) => i) }, (error) => console.log('written', error)),
  );
  worker.on('message', (message) => {
    console.log(
      data.equals(message.data),
      message.list.length,
      Buffer.isBuffer(message.data),
      message.data.constructor.name,
    );
    worker.disconnect();
  });
} else {
  process.on('message', (message) => process.send(message));
}
