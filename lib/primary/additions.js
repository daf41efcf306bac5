'use strict';

// What a primary has beyond the built-in module, whichever layer serves: how connections are scheduled, which share of
// them each worker gets, and supervision.

const { JSON, Object, WeakMap, nextTick } = require('../primordials.js');
const errors = require('../errors.js');
const { addHidden } = require('../hidden.js');
const requests = require('../channel/requests.js');
const { addSharing } = require('../sharing/methods.js');
const { describeListeners } = require('./figures.js');
const scheduling = require('./scheduling.js');

const { least: SCHED_LEAST, sticky: SCHED_STICKY } = scheduling.POLICIES;

/**
 * Adds to `cluster` and its `Worker`.
 * @param {object} cluster
 * @param {object} native the addon's `Primary`, or what stands for it
 * @returns {{ applyScheduling: (settings?: object) => void, wishes: () => object }} `applyScheduling` is called by each
 *   `setupPrimary` with what it says of scheduling; `wishes` gives what a new worker is to know, as variables
 */
function addToPrimary(cluster, native) {
  const { Worker } = cluster;
  let isApplied = false;
  let supervisor;
  let chooser; // the program's scheduler
  let key; // what clients are recognised by with SCHED_STICKY
  let rebalance; // as has been asked for

  addHidden(cluster, {
    SCHED_LEAST,
    SCHED_STICKY,
    figures,
    onRequest: requests.onRequest,
    setScheduler,
    supervise,
  });

  addSharing(
    cluster,
    (events) => native.keeper(events),
    () => (cluster.settings.serialization === 'advanced' ? 'advanced' : 'json'),
  );

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

  /** `schedulingPolicy` counts the first time only, the settings each time. */
  function applyScheduling(settings = {}) {
    const { policy, key: by, maxUnidentified, maxWait, rebalance: wanted, spreadDatagrams, takeBackAfter } = settings;
    if (policy !== undefined) fixPolicy(scheduling.POLICIES[policy]);
    if (policy !== undefined || by !== undefined || !isApplied) {
      const name = scheduling.nameOf(cluster.schedulingPolicy);
      if (name === undefined) throw errors.badPolicy(cluster.schedulingPolicy);
      key = by ?? key ?? scheduling.BY_ADDRESS;
      native.setPolicy(name, key);
    }
    isApplied = true;
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

  /** What has become of the connections; see `Figures` in `index.d.ts`. */
  function figures() {
    const counts = native.figures();
    return { ...counts, listeners: describeListeners(counts.listeners) };
  }

  /** What a worker is to know of it, and of `others`, beside its descriptors, as a variable; usually nothing. */
  function wishes(others) {
    const wanted = { __proto__: null, ...others }; // Without a `toJSON` of the program's.
    if (cluster.schedulingPolicy === SCHED_STICKY) wanted.key = key;
    if (supervisor) Object.assign(wanted, supervisor.wishes);
    if (rebalances()) wanted.rebalances = true;
    return Object.keys(wanted).length > 0 ? { CLUSTER_RS_WISHES: JSON.stringify(wanted) } : {};
  }

  /** Keeps workers alive; see `Supervisor`. */
  function supervise(options) {
    const { Supervisor } = require('../supervisor/index.js');
    if (supervisor) throw errors.supervisedAlready();
    supervisor = new Supervisor(cluster, native, { setShare, health: healthOfAll() }, options);
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

  const shares = new WeakMap(); // of the connections, by worker, where they are not usual
  // Those that are held are spares of the supervisor's, whose places are numbered.
  const shareOf = (worker) => shares.get(worker) ?? { isPaused: false, isHeld: false, isIll: false, weight: 1 };
  const changeShare = (worker, change) => {
    const share = { ...shareOf(worker), ...change };
    native.setShare(worker.id, share.isPaused || share.isHeld || share.isIll, share.weight, share.place);
    shares.set(worker, share);
  };
  const setShare = (worker, change) => {
    changeShare(worker, change);
    health?.apply();
    return worker;
  };

  let health; // of the workers, if anybody has asked for it or told of it

  function healthOfAll() {
    const { Health } = require('./health.js');
    return (health ??= new Health(cluster, {
      hold: (worker, isIll) => shareOf(worker).isIll !== isIll && changeShare(worker, { isIll }),
      isPaused: (worker) => shareOf(worker).isPaused || shareOf(worker).isHeld,
    }));
  }

  requests.answerOwn(requests.HEALTH, (ill, worker) => healthOfAll().told(worker, ill));

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
      health?.apply();
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

  return { applyScheduling, wishes };
}

module.exports = { addToPrimary };
