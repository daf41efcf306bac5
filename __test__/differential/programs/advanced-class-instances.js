'use strict';
const cluster = require('cluster');

class Point {
  #hidden = 1;
  constructor(x) {
    this.x = x;
  }
  get sum() {
    return this.x + this.#hidden;
  }
  get double() {
    return this.x * 2;
  }
}
if (cluster.isPrimary) {
  cluster.setupPrimary({ serialization: 'advanced' });
  const worker = cluster.fork();
  worker.on('message', (message) => {
    console.log(message, message.constructor.name);
    worker.disconnect();
  });
  worker.send(new Point(4));
} else {
  process.on('message', (message) => process.send(message));
}
