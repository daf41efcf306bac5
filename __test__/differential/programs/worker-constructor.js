'use strict';
const cluster = require('cluster');
const { EventEmitter } = require('events');

for (const worker of [
  new cluster.Worker(),
  cluster.Worker(),
  new cluster.Worker({ id: 3, state: 'online' }),
  cluster.Worker({ id: '7' }),
  new cluster.Worker(null),
  new cluster.Worker('text'),
  new cluster.Worker({ id: 1.9 }),
  new cluster.Worker({ id: 'x', state: '' }),
]) {
  console.log(
    worker.id,
    worker.state,
    worker.exitedAfterDisconnect,
    worker.process,
    worker instanceof cluster.Worker,
    worker instanceof EventEmitter,
  );
}
console.log(cluster.Worker.name, cluster.Worker.length, Object.getPrototypeOf(cluster.Worker) === EventEmitter);
console.log(
  Object.keys(cluster.Worker.prototype),
  Object.getOwnPropertyNames(cluster.Worker.prototype)
    .filter((name) => !['drain', 'pause', 'place', 'ready', 'request', 'resume', 'weight'].includes(name))
    .sort(),
);
