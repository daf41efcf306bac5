'use strict';

const EventEmitter = require('node:events');
const { Object, Reflect, WeakMap } = require('./primordials.js');
const { addHidden } = require('./hidden.js');
const { request } = require('./channel/requests.js');

const passing = new WeakMap(); // by worker: the listeners that pass on to it what its process hears, by event

/**
 * `cluster.Worker`: a worker as the primary sees it, or as it sees itself (`lib/internal/cluster/worker.js`).
 * A function and not a class, because programs call it without `new`.
 */
function Worker(options) {
  if (!(this instanceof Worker)) return new Worker(options);
  Reflect.apply(EventEmitter, this, []);
  const given = typeof options === 'object' && options !== null ? options : {};

  this.exitedAfterDisconnect = undefined;
  this.state = given.state || 'none';
  this.id = given.id | 0;

  if (given.process) {
    this.process = given.process;
    const error = (code, signal) => this.emit('error', code, signal);
    const message = (text, handle) => this.emit('message', text, handle);
    this.process.on('error', error);
    this.process.on('message', message);
    passing.set(this, { error, message });
  }
}

Object.setPrototypeOf(Worker.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Worker, EventEmitter);

Worker.prototype.kill = function () {
  Reflect.apply(this.destroy, this, arguments);
};

Worker.prototype.send = function () {
  return Reflect.apply(this.process.send, this.process, arguments);
};

Worker.prototype.isDead = function () {
  return this.process.exitCode != null || this.process.signalCode != null;
};

Worker.prototype.isConnected = function () {
  return this.process.connected;
};

addHidden(Worker.prototype, { request });

/** The worker's own listener for an event of its process. */
function ownListener(worker, event) {
  return passing.get(worker)[event];
}

module.exports = { Worker, ownListener };
