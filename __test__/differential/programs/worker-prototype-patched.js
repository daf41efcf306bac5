'use strict';
const cluster = require('cluster');

// Packages add methods to the prototype, and wrap the ones that are there.
if (cluster.isPrimary) {
  cluster.Worker.prototype.shout = function () {
    return `worker ${this.id}!`;
  };
  const { send } = cluster.Worker.prototype;
  cluster.Worker.prototype.send = function (...values) {
    console.log('sending', values[0]);
    return send.apply(this, values);
  };
  const worker = cluster.fork();
  console.log(
    worker.shout(),
    worker.constructor === cluster.Worker,
    Object.keys(worker).filter((name) => !name.startsWith('_')),
  );
  worker.on('message', (message) => {
    console.log(message);
    worker.disconnect();
  });
  worker.send('ping');
} else {
  process.on('message', (message) => process.send(`pong to ${message}`));
}
