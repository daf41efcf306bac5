'use strict';

// `cluster` in a primary where the addon can't serve: the built-in module, with what a program has beyond it.

const path = require('node:path');
const { Map, Object, Reflect, clearInterval, nextTick, setInterval } = require('../primordials.js');
const { LONGEST_DELAY, now } = require('../clock.js');
const { addHidden } = require('../hidden.js');
const { preloadByEnvironment } = require('../preload.js');
const { addToPrimary } = require('../primary/additions.js');
const requests = require('../channel/requests.js');
const { explain } = require('../primary/missing_folder.js');
const scheduling = require('../primary/scheduling.js');
const { listen, tell } = require('./control.js');
const { Distributor } = require('./distributor.js');

// While it can be read, see `lib/primary/index.js`.
if (process.permission) require('./keeper.js');

const { none: SCHED_NONE, rr: SCHED_RR } = scheduling.POLICIES;

/** What stands for the addon's `Primary`; see `native/binding.d.ts`. What is not here can't be had without the addon. */
class Primary {
  distributor = new Distributor();
  #cluster;
  #told = new Map(); // what workers have said of themselves, and when, by id
  #questions; // while the program chooses
  #keeper; // of what is shared, once somebody has asked for something
  #callers = new Map(); // of it, and the numbers of their ways, by id
  #missedKey; // what clients were to be recognised by, as has been said

  constructor(cluster) {
    this.#cluster = cluster;
  }

  #tell(id, act, ...about) {
    const worker = this.#cluster.workers[id];
    if (worker) tell(worker.process, act, ...about);
  }

  setPolicy(name, key) {
    this.distributor.setPolicy(name);
    if (name !== 'sticky' || key === scheduling.BY_ADDRESS || key === this.#missedKey) return;
    this.#missedKey = key;
    process.emitWarning(`Clients are recognised by their address: by ${key} they are with cluster-rs's addon only`, {
      code: 'CLUSTER_RS_FALLBACK',
    });
  }

  setChooser(wake) {
    const choose = (connection) => {
      this.#questions = { connection, answer: undefined };
      wake();
      return this.#questions.answer;
    };
    this.distributor.setChooser(wake ? choose : null);
  }

  questions() {
    return 1;
  }

  nextQuestion() {
    return this.#questions.connection;
  }

  answer(id) {
    this.#questions.answer = id;
  }

  setShare(id, isPaused, weight, place) {
    this.distributor.setShare(id, isPaused, weight, place);
  }

  // These say how the addon's dispatcher goes about it.
  setTakeBackAfter() {}
  setMaxWait() {}
  setMaxUnidentified() {}
  setSpreadDatagrams() {}
  setRebalance() {}

  figures() {
    return this.distributor.figures();
  }

  /** Called when a worker has said how it is; what it says may be nonsense. */
  heard(id, figures) {
    if (typeof figures?.connections !== 'number') return;
    this.#told.set(id, { figures, at: now() });
    this.distributor.setOpen(id, figures.connections);
  }

  /** A worker says and hears no more. It may still do what it has begun. */
  part(id) {
    const asking = this.#callers.get(id);
    if (asking) this.#keeper.hush(asking.caller);
    this.#told.delete(id);
    this.distributor.remove(id);
  }

  /** Forgets a worker that has gone. */
  forget(id) {
    this.part(id);
    const asking = this.#callers.get(id);
    this.#callers.delete(id);
    if (asking) this.#keeper.leave(asking.caller);
  }

  workerFigures(id) {
    const told = this.#told.get(id);
    return told && { ...told.figures, at: told.at, stillFor: now() - told.at, listeners: [] };
  }

  keepListeners(yes) {
    this.distributor.keepListeners(yes);
  }

  drain(id, moves) {
    this.distributor.remove(id);
    this.#tell(id, 'drain', moves);
  }

  lameDuck(id) {
    this.#tell(id, 'lameDuck');
  }

  promote(id, place) {
    this.#tell(id, 'promoted', place);
  }

  end(id) {
    this.#tell(id, 'end');
  }

  adopt() {
    return false;
  }

  // Nothing can be kept for the next start.
  keepSockets() {}
  closeUnusedKept() {}
  leaveKept() {}

  /** A way to the keeper for this process; see `Keeper` in `lib/sharing/keeper.js`. */
  keeper({ ontext }) {
    const keeper = this.#startKeeper();
    let timer;
    const caller = keeper.join((text) => nextTick(() => ontext(text)));
    return {
      send(text) {
        if (keeper.handle(caller, text)) return 0;
        keeper.leave(caller);
        return -1;
      },
      keepAlive(yes) {
        if (yes) timer = setInterval(() => {}, LONGEST_DELAY);
        else clearInterval(timer);
      },
      close() {},
    };
  }

  #startKeeper() {
    const { Keeper } = require('./keeper.js');
    return (this.#keeper ??= new Keeper());
  }

  /** Called when a worker asks the keeper, on its way with this number. After nonsense, that way is no more. */
  ask(id, text, way) {
    const keeper = this.#startKeeper();
    let asking = this.#callers.get(id);
    if (asking?.way !== way) {
      if (asking) keeper.leave(asking.caller);
      const caller = keeper.join((replies) => this.#tell(id, 'replies', replies));
      asking = { caller, way };
      this.#callers.set(id, asking);
    }
    if (asking.isEnded || keeper.handle(asking.caller, text)) return;
    asking.isEnded = true;
    keeper.leave(asking.caller);
    this.#tell(id, 'repliesEnd', way);
  }

  unusedSockets() {
    return [];
  }
}

/**
 * Has `before` called before the built-in module's own listener, which was added last; not that, if it returns `true`.
 * There are as many listeners as without it.
 */
function intercept(child, event, before) {
  const listeners = child.rawListeners(event);
  const listener = listeners[listeners.length - 1];
  child.removeListener(event, listener);
  child.on(event, function (...given) {
    if (before(...given) !== true) Reflect.apply(listener, this, given);
  });
}

/**
 * Adds to `cluster`, the built-in object in a primary.
 * @param {object} cluster
 */
function setUpPrimary(cluster) {
  const { Worker, fork, setupPrimary } = cluster;
  const native = new Primary(cluster);
  const additions = addToPrimary(cluster, native);
  let isSetUp = false;
  let isForking = false;

  cluster.setupPrimary = cluster.setupMaster = function (options) {
    if (isForking) return; // The built-in `fork` calls it, and that has been done.
    scheduling.check({ ...cluster.settings, ...options }.scheduling);
    if (isSetUp) {
      setupPrimary(options);
      additions.applyScheduling(cluster.settings.scheduling);
      return;
    }
    additions.applyScheduling(options?.scheduling);
    const { schedulingPolicy } = cluster;
    // The built-in module knows two policies. It asks for them now, and listens by itself for SCHED_NONE and datagrams.
    cluster.schedulingPolicy = schedulingPolicy === SCHED_NONE ? SCHED_NONE : SCHED_RR;
    setupPrimary(options);
    cluster.schedulingPolicy = schedulingPolicy;
    isSetUp = true;
  };

  cluster.fork = function (env) {
    cluster.setupPrimary();
    const { cwd, exec } = cluster.settings;
    // What is wrong is for the built-in module to tell.
    const program = typeof exec === 'string' ? path.resolve(typeof cwd === 'string' ? cwd : '', exec) : '';
    const preload = preloadByEnvironment({ ...process.env, ...env }, program);
    const beside = cluster.settings.serialization === 'advanced' ? { isAdvanced: true } : undefined;
    isForking = true;
    let worker;
    try {
      worker = fork({ ...env, ...preload, CLUSTER_RS_WISHES: '{}', ...additions.wishes(beside) });
    } finally {
      isForking = false;
    }
    const { id, process: child } = worker;
    native.distributor.add(id, child);
    intercept(child, 'internalMessage', (message) => native.distributor.receive(id, message));
    intercept(child, 'error', (error) => child.pid === undefined && explain(error, cwd));
    intercept(child, 'disconnect', () => native.part(id));
    intercept(child, 'exit', () => {
      native.forget(id);
      requests.rejectAll(worker);
    });
    listen(
      child,
      {
        ready() {
          worker.emit('ready');
          cluster.emit('ready', worker);
        },
        leaving: () => (worker.exitedAfterDisconnect = true),
        listening(about) {
          worker.state = 'listening';
          worker.emit('listening', about);
          cluster.emit('listening', worker, about);
        },
        figures: (figures) => native.heard(id, figures),
        ask: (text, way) => native.ask(id, text, way),
      },
      (message) => requests.receive(worker, message),
    );
    return worker;
  };

  const { disconnect } = Worker.prototype;
  Worker.prototype.disconnect = function () {
    native.distributor.remove(this.id);
    if (this.process.pid !== undefined) return disconnect.call(this);
    delete cluster.workers[this.id]; // There is no process that could be told.
    return this;
  };

  addHidden(cluster, {
    broadcast(message) {
      let taken = 0;
      for (const worker of Object.values(cluster.workers)) {
        if (!worker.isConnected()) continue;
        worker.send(message, () => {});
        taken++;
      }
      return taken;
    },
  });
  addHidden(Worker.prototype, { request: requests.request });
}

module.exports = { setUpPrimary };
