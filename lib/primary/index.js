'use strict';

// `cluster` in a primary (`lib/internal/cluster/primary.js`).

const EventEmitter = require('node:events');
const { Boolean, JSON, Map, Object, WeakMap, arrays, nextTick, strings } = require('../primordials.js');
const { binding } = require('../native.js');
const errors = require('../errors.js');
const { Channel, numbers } = require('../channel/index.js');
const { atExit } = require('../exit.js');
const { addHidden } = require('../hidden.js');
const requests = require('../channel/requests.js');
const scheduling = require('./scheduling.js');
const { Worker } = require('../worker_class.js');

const permission = process.permission && require('../permission.js');

// Under the permission model, what is loaded later is loaded at once: the program can give up reading files. Without
// reading, a module is found again only by the same name from the same folder, so each folder does this for itself.
if (permission) [require('./launch.js'), require('../supervisor/index.js')];

const { none: SCHED_NONE, rr: SCHED_RR, least: SCHED_LEAST, sticky: SCHED_STICKY } = scheduling.POLICIES;

/**
 * Turns `cluster`, the built-in object, into that of a primary.
 * @param {object} cluster
 */
function setUpPrimary(cluster) {
  const events = new EventEmitter(); // 'disconnect': the last worker has left
  const channels = new WeakMap(); // by worker
  let isSetUp = false;
  let supervisor;
  let chooser; // the program's scheduler
  let key; // what clients are recognised by with SCHED_STICKY
  let rebalance; // as has been asked for

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
  addHidden(cluster, {
    SCHED_LEAST,
    SCHED_STICKY,
    broadcast,
    figures,
    onRequest: requests.onRequest,
    setScheduler,
    supervise,
  });

  /** What the dispatcher's thread has to say. After a panic it is gone, so that nobody would accept any more: clients are not to wait. */
  function hear(text, panicked) {
    if (!panicked) return process.emitWarning(text, { code: 'CLUSTER_RS_DISPATCHER' });
    native.shutDown();
    throw errors.panicked(text);
  }

  // Read when it is first needed: this package may have been loaded before the program has set the variable.
  Object.defineProperty(cluster, 'schedulingPolicy', {
    get() {
      const { policy = 'rr', key: by } = scheduling.fromEnvironment();
      key = by;
      return fixPolicy(scheduling.POLICIES[policy]);
    },
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
    applyScheduling(settings.scheduling);
    if (isSetUp) return;

    isSetUp = true;
    atExit(() => native.shutDown());
    process.on('internalMessage', openInspectors);
  }

  /** `schedulingPolicy` counts the first time only, the settings each time. */
  function applyScheduling(settings = {}) {
    const { policy, key: by, maxUnidentified, maxWait, rebalance: wanted, spreadDatagrams, takeBackAfter } = settings;
    if (policy !== undefined) fixPolicy(scheduling.POLICIES[policy]);
    if (policy !== undefined || by !== undefined || !isSetUp) {
      const name = scheduling.nameOf(cluster.schedulingPolicy);
      if (name === undefined) throw errors.badPolicy(cluster.schedulingPolicy);
      key = by ?? key ?? scheduling.BY_ADDRESS;
      native.setPolicy(name, key);
    }
    if (takeBackAfter !== undefined) native.setTakeBackAfter(takeBackAfter);
    if (maxWait !== undefined) native.setMaxWait(maxWait || undefined);
    if (maxUnidentified !== undefined) native.setMaxUnidentified(maxUnidentified);
    if (spreadDatagrams !== undefined) native.setSpreadDatagrams(spreadDatagrams);
    if (wanted !== undefined) rebalance = wanted;
    native.setRebalance(rebalances());
  }

  /** Whether kept-alive connections go where they wait least: by themselves only where there is a supervisor. */
  function rebalances() {
    return rebalance ?? scheduling.rebalanceFromEnvironment() ?? supervisor !== undefined;
  }

  /**
   * Has the program choose a worker for each connection: `scheduler(connection, workers)` gives one of the workers, or
   * nothing for the next in turn. `null` gives the choice back to the policy.
   */
  function setScheduler(scheduler) {
    if (scheduler !== null && typeof scheduler !== 'function') {
      throw errors.invalidArgument('scheduler', 'of type function', scheduler);
    }
    chooser = scheduler;
    const choose = (connection) => {
      try {
        const worker = scheduler(connection, Object.values(cluster.workers)) ?? undefined;
        if (worker !== undefined && !(worker instanceof Worker)) throw errors.noWorker(worker);
        return worker?.id;
      } catch (error) {
        nextTick(() => {
          throw error;
        });
        return undefined;
      }
    };
    const wake = () => {
      for (let left = native.questions(); left > 0 && chooser === scheduler; left--) {
        const connection = native.nextQuestion();
        if (!connection) return;
        native.answer(choose(connection));
      }
    };
    native.setChooser(scheduler && (() => chooser === scheduler && wake()));
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

  /** What has become of the connections; see `Figures` in `index.d.ts`. */
  function figures() {
    const { describeListeners } = require('./figures.js');
    const counts = native.figures();
    return { ...counts, listeners: describeListeners(counts.listeners) };
  }

  /** What a worker is to know of it beside its descriptors, as a variable; usually nothing. */
  function wishes() {
    const wanted = { __proto__: null }; // Without a `toJSON` of the program's.
    if (cluster.schedulingPolicy === SCHED_STICKY) wanted.key = key;
    if (supervisor) Object.assign(wanted, supervisor.wishes);
    if (rebalances()) wanted.rebalances = true;
    return Object.keys(wanted).length > 0 ? { CLUSTER_RS_WISHES: JSON.stringify(wanted) } : {};
  }

  /** Keeps workers alive; see `Supervisor`. */
  function supervise(options) {
    const { Supervisor } = require('../supervisor/index.js');
    if (supervisor) throw errors.supervisedAlready();
    supervisor = new Supervisor(cluster, native, setShare, options);
    if (options?.rebalance !== undefined) rebalance = options.rebalance;
    native.setRebalance(rebalances());
    try {
      supervisor.start();
    } catch (error) {
      supervisor = undefined; // Nothing could be forked.
      throw error;
    }
    return supervisor;
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
      variables: wishes(),
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

  const shares = new WeakMap(); // of the connections, by worker, where they are not usual
  // Those that are held are spares of the supervisor's, whose places are numbered.
  const shareOf = (worker) => shares.get(worker) ?? { isPaused: false, isHeld: false, weight: 1 };
  const setShare = (worker, change) => {
    const share = { ...shareOf(worker), ...change };
    native.setShare(worker.id, share.isPaused || share.isHeld, share.weight, share.place);
    shares.set(worker, share);
    return worker;
  };

  addHidden(Worker.prototype, {
    /** No new connections for this worker, until it is resumed. */
    pause() {
      return setShare(this, { isPaused: true });
    },

    /**
     * No new connections for this worker; it finishes what it has begun, and ends. Connections that are kept alive go
     * on at other workers, unless `move` is `false`: then they are closed.
     */
    drain(options = {}) {
      if (options === null || typeof options !== 'object') {
        throw errors.invalidArgument('options', 'of type object', options);
      }
      const { move = true } = options;
      if (typeof move !== 'boolean') throw errors.invalidOption('options.move', 'of type boolean', move);
      this.exitedAfterDisconnect = true;
      native.drain(this.id, move);
      return this;
    },

    resume() {
      return setShare(this, { isPaused: false });
    },
  });

  Object.defineProperty(Worker.prototype, 'place', {
    get() {
      return shareOf(this).place;
    },
    configurable: true,
  });

  Object.defineProperty(Worker.prototype, 'weight', {
    get() {
      return shareOf(this).weight;
    },
    set(weight) {
      if (typeof weight !== 'number') throw errors.invalidArgument('weight', 'of type number', weight);
      if (!(weight >= 0.001 && weight <= 1000)) throw errors.outOfRange('weight', '>= 0.001 && <= 1000', weight);
      setShare(this, { weight });
    },
    configurable: true,
  });

  Worker.prototype.destroy = function (signal) {
    this.process.kill(signal || 'SIGTERM');
  };
}

module.exports = { setUpPrimary };
