'use strict';

// `cluster` in a primary (`lib/internal/cluster/primary.js`).

const EventEmitter = require('node:events');
const { Boolean, Map, Object, WeakMap, arrays, nextTick, strings } = require('../primordials.js');
const { binding } = require('../native.js');
const errors = require('../errors.js');
const { Channel, numbers } = require('../channel/index.js');
const { atExit } = require('../exit.js');
const { addHidden } = require('../hidden.js');
const requests = require('../channel/requests.js');
const { addToPrimary } = require('./additions.js');
const scheduling = require('./scheduling.js');
const { Worker } = require('../worker_class.js');

const permission = process.permission && require('../permission.js');

// Under the permission model, what is loaded later is loaded at once: the program can give up reading files. Without
// reading, a module is found again only by the same name from the same folder, so each folder does this for itself.
if (permission) [require('./health.js'), require('./launch.js'), require('../supervisor/index.js')];

const { none: SCHED_NONE, rr: SCHED_RR } = scheduling.POLICIES;

/**
 * Turns `cluster`, the built-in object, into that of a primary.
 * @param {object} cluster
 */
function setUpPrimary(cluster) {
  const events = new EventEmitter(); // 'disconnect': the last worker has left
  const channels = new WeakMap(); // by worker
  let isSetUp = false;

  const native = new binding.Primary(numbers.buffer, hear, permission && { onask: permission.askForSocket });

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
  addHidden(cluster, { broadcast });
  const additions = addToPrimary(cluster, native);

  /** What the dispatcher's thread has to say. After a panic it is gone, so that nobody would accept any more: clients are not to wait. */
  function hear(text, panicked) {
    if (!panicked) return process.emitWarning(text, { code: 'CLUSTER_RS_DISPATCHER' });
    native.shutDown();
    throw errors.panicked(text);
  }

  function setupPrimary(options) {
    const settings = {
      args: arrays.slice(process.argv, 2),
      exec: process.argv[1],
      execArgv: process.execArgv,
      silent: false,
      ...cluster.settings,
      ...options,
    };
    // Each process has its own addresses: in one common file they mean nothing.
    const has = (prefix) => arrays.some(settings.execArgv, (argument) => strings.startsWith(argument, prefix));
    if (has('--prof') && !has('--logfile=')) {
      settings.execArgv = [...settings.execArgv, '--logfile=v8-%p.log'];
    }
    scheduling.check(settings.scheduling);
    cluster.settings = settings;
    nextTick(() => cluster.emit('setup', settings));
    additions.applyScheduling(settings.scheduling);
    if (isSetUp) return;

    isSetUp = true;
    atExit(() => native.shutDown());
    process.on('internalMessage', openInspectors);
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
    const { launch } = require('./launch.js');
    const control = {
      ononline: () => online(worker),
      onlistening: (...address) => listening(worker, ...address),
      onready() {
        worker.emit('ready');
        cluster.emit('ready', worker);
      },
      onleaving: () => (worker.exitedAfterDisconnect = true),
    };
    let channel; // none if who has wrapped Node's `fork` gives something else
    const child = launch(cluster.settings, {
      id,
      env,
      execArgv: [...cluster.settings.execArgv],
      variables: additions.wishes(),
      start(child, program, onexit) {
        channel = new Channel(child, { advanced: program.advanced, waits: false, patience: 100 });
        return native.start(id, program, { ...channel.events, ...control, onexit });
      },
      connect: (end, onclose) => channel.open(end, onclose),
      beforeSignal: () => channel.flush(), // What was sent before it arrives before it.
    });
    const worker = new Worker({ id, process: child });
    if (channel) {
      channel.serve(worker);
      channels.set(worker, channel);
    }

    worker.on('message', function (message, handle) {
      cluster.emit('message', this, message, handle);
    });
    child.once('exit', (code, signal) => {
      requests.rejectAll(worker);
      if (!worker.isConnected()) remove(worker);
      settle(worker, 'dead');
      worker.emit('exit', code, signal);
      cluster.emit('exit', worker, code, signal);
    });
    child.once('disconnect', () => {
      native.leaveAll(id);
      if (worker.isDead()) remove(worker);
      settle(worker, 'disconnected');
      worker.emit('disconnect');
      cluster.emit('disconnect', worker);
    });
    nextTick(() => cluster.emit('fork', worker));
    cluster.workers[id] = worker;
    return worker;
  }

  /**
   * Sends `message` to all workers, and encodes it only once.
   * @returns {number} how many have taken it
   */
  function broadcast(message) {
    const encoded = new Map(); // by serialization
    return arrays.filter(Object.values(cluster.workers), (worker) => {
      const channel = channels.get(worker);
      if (!channel) return false;
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
    if (workers.length === 0) nextTick(() => events.emit('disconnect'));
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
}

module.exports = { setUpPrimary };
