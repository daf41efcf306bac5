'use strict';
const cluster = require('cluster');

// toJSON on a prototype, as BigInt users add it, is honoured.
BigInt.prototype.toJSON = function () {
  return `${this}n`;
};
if (cluster.isPrimary) {
  const worker = cluster.fork();
  worker.send({ big: 12n, list: [1n] });
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
} else {
  process.on('message', (message) => process.send(message));
}
