'use strict';

// `cluster` in a primary (`lib/internal/cluster/primary.js`).

const EventEmitter = require('node:events');
const { binding } = require('./native.js');
const errors = require('./errors.js');
const { Channel, numbers } = require('./channel.js');
const { atExit } = require('./exit.js');
const { addHidden } = require('./hidden.js');
const requests = require('./requests.js');
const { Worker } = require('./worker.js');

const { some: SOME } = Array.prototype;
const { startsWith: STARTS_WITH } = String.prototype;

const SCHED_NONE = 1;
const SCHED_RR = 2;
const SCHED_LEAST = 3;

// By the names that NODE_CLUSTER_SCHED_POLICY has for them.
const POLICIES = { none: SCHED_NONE, rr: SCHED_RR, least: SCHED_LEAST };

/**
 * Turns `cluster`, the built-in object, into that of a primary.
 * @param {object} cluster
 */
function setUpPrimary(cluster) {
  const events = new EventEmitter(); // 'disconnect': the last worker has left
  const channels = new WeakMap(); // by worker
  let isSetUp = false;

  const native = new binding.Primary(numbers.buffer, (text) =>
    process.emitWarning(text, { code: 'CLUSTER_RS_DISPATCHER' }),
  );

  Object.assign(cluster, {
    isWorker: false,
    isMaster: true,
    isPrimary: true,
    Worker,
    workers: {},
    settings: {},
    SCHED_NONE,
    SCHED_RR,
    setupPrimary,
    setupMaster: setupPrimary,
    fork,
    disconnect,
  });
  addHidden(cluster, { SCHED_LEAST, broadcast, figures: () => native.figures(), onRequest: requests.onRequest });

  // Read when it is first needed: this package may have been loaded before the program has set the variable.
  Object.defineProperty(cluster, 'schedulingPolicy', {
    get: () => fixPolicy(POLICIES[process.env.NODE_CLUSTER_SCHED_POLICY] ?? SCHED_RR),
    set: fixPolicy,
    configurable: true,
    enumerable: true,
  });

  function fixPolicy(value) {
    Object.defineProperty(cluster, 'schedulingPolicy', { value, configurable: true, enumerable: true, writable: true });
    return value;
  }

  function setupPrimary(options) {
    const settings = {
      args: process.argv.slice(2),
      exec: process.argv[1],
      execArgv: process.execArgv,
      silent: false,
      ...cluster.settings,
      ...options,
    };
    // Each process has its own addresses: in one common file they mean nothing.
    const has = (prefix) => SOME.call(settings.execArgv, (argument) => STARTS_WITH.call(argument, prefix));
    if (has('--prof') && !has('--logfile=')) {
      settings.execArgv = [...settings.execArgv, '--logfile=v8-%p.log'];
    }
    applyScheduling(settings.scheduling);
    cluster.settings = settings;
    process.nextTick(() => cluster.emit('setup', settings));
    if (isSetUp) return;

    isSetUp = true;
    atExit(() => native.shutDown());
    const policy = cluster.schedulingPolicy; // What is set later has no effect.
    const name = Object.keys(POLICIES).find((known) => POLICIES[known] === policy);
    if (name === undefined) throw errors.badPolicy(policy);
    native.setPolicy(name);
    process.on('internalMessage', openInspectors);
  }

  function applyScheduling({ takeBackAfter } = {}) {
    if (takeBackAfter === undefined) return;
    if (!Number.isInteger(takeBackAfter) || takeBackAfter < 1) throw errors.badTakeBackAfter(takeBackAfter);
    native.setTakeBackAfter(takeBackAfter);
  }

  /** The primary's inspector was opened by a signal: the workers' follow. */
  function openInspectors(message) {
    if (message.cmd !== 'NODE_DEBUG_ENABLED') return;
    for (const worker of Object.values(cluster.workers)) {
      if (worker.state === 'online' || worker.state === 'listening') {
        process._debugProcess(worker.process.pid);
      } else {
        worker.once('online', () => process._debugProcess(worker.process.pid));
      }
    }
  }

  function fork(env) {
    cluster.setupPrimary();
    const id = native.nextWorker();
    const { prepare } = require('./launch.js');
    const { createProcess, startProcess } = require('./worker_process.js');
    const { settings } = cluster;
    const program = prepare(settings, [...cluster.settings.execArgv], {
      ...process.env,
      ...env,
      NODE_UNIQUE_ID: `${id}`,
    });
    const child = createProcess();
    const worker = new Worker({ id, process: child });
    const channel = new Channel(worker, {
      advanced: settings.serialization === 'advanced',
      holds: false,
      patience: 100,
    });
    const control = {
      ononline: () => online(worker),
      onlistening: (...address) => listening(worker, ...address),
      onleaving: () => (worker.exitedAfterDisconnect = true),
    };
    startProcess(child, {
      ...program,
      channel,
      start: (exit) => native.start(id, program.options, { ...channel.events, ...control, ...exit }),
    });

    worker.on('message', function (message, handle) {
      cluster.emit('message', this, message, handle);
    });
    channels.set(worker, channel);
    child.once('exit', (code, signal) => {
      requests.rejectAll(worker);
      if (!worker.isConnected()) remove(worker);
      settle(worker, 'dead');
      worker.emit('exit', code, signal);
      cluster.emit('exit', worker, code, signal);
    });
    child.once('disconnect', () => {
      requests.rejectAll(worker);
      native.leaveAll(id);
      if (worker.isDead()) remove(worker);
      settle(worker, 'disconnected');
      worker.emit('disconnect');
      cluster.emit('disconnect', worker);
    });
    process.nextTick(() => cluster.emit('fork', worker));
    cluster.workers[id] = worker;
    return worker;
  }

  /**
   * Sends `message` to all workers, and encodes it only once.
   * @returns {number} how many have taken it
   */
  function broadcast(message) {
    const encoded = new Map(); // by serialization
    return Object.values(cluster.workers).filter((worker) => {
      const channel = channels.get(worker);
      if (!encoded.has(channel.advanced)) encoded.set(channel.advanced, channel.encode(message));
      return channel.forward(encoded.get(channel.advanced));
    }).length;
  }

  function settle(worker, state) {
    worker.exitedAfterDisconnect = Boolean(worker.exitedAfterDisconnect);
    worker.state = state;
  }

  function remove(worker) {
    native.leaveAll(worker.id);
    delete cluster.workers[worker.id];
    if (Object.keys(cluster.workers).length === 0) events.emit('disconnect');
  }

  function online(worker) {
    worker.state = 'online';
    worker.emit('online');
    cluster.emit('online', worker);
  }

  function listening(worker, addressType, address, port, fd) {
    const about = { addressType, address, port, fd };
    worker.state = 'listening';
    worker.emit('listening', about);
    cluster.emit('listening', worker, about);
  }

  function disconnect(callback) {
    const workers = Object.values(cluster.workers);
    if (workers.length === 0) process.nextTick(() => events.emit('disconnect'));
    for (const worker of workers) {
      if (worker.isConnected()) worker.disconnect();
    }
    if (typeof callback === 'function') events.once('disconnect', callback);
  }

  Worker.prototype.disconnect = function () {
    this.exitedAfterDisconnect = true;
    if (this.isConnected()) native.disconnect(this.id);
    remove(this);
    return this;
  };

  Worker.prototype.destroy = function (signal) {
    this.process.kill(signal || 'SIGTERM');
  };

  addHidden(Worker.prototype, {
    drain({ move = true } = {}) {
      if (typeof move !== 'boolean') throw errors.invalidOption('options.move', 'of type boolean', move);
      this.exitedAfterDisconnect = true;
      native.drain(this.id, move);
      return this;
    },
  });
}

module.exports = { setUpPrimary };
