'use strict';

// `cluster.supervise`: keeps workers alive, and replaces them without losing a request.

const EventEmitter = require('node:events');
const { clearTimeout, setTimeout } = require('node:timers');
const { Error, Math, Promise, arrays, nextTick, setImmediate } = require('../primordials.js');
const errors = require('../errors.js');
const { inheritance } = require('../startup.js');
const { describeListeners } = require('../primary/figures.js');
const { exitWhenWritten } = require('../exit.js');
const { Inspection } = require('./inspection.js');
const { rangeOf, readOptions } = require('./options.js');
const { Pool } = require('./pool.js');
const { askForFigures, memoryOf } = require('./process_figures.js');
const { Resizing } = require('./resizing.js');
const { Rollout } = require('./rollout.js');
const { obeySignals } = require('./signals.js');
const { setUpSystemd } = require('./systemd.js');
const { publish } = require('./tracing.js');
const { Turns } = require('./turns.js');
const { Watch } = require('./watch.js');

// While they can be read.
if (process.permission) ['admin', 'upgrade/index'].map((name) => require(`./${name}.js`));

/** What `cluster.supervise` gives; `index.d.ts` describes its methods and events. */
class Supervisor extends EventEmitter {
  #native;
  #options;
  #pool;
  #turns = new Turns(); // of what replaces workers, or this primary
  #rollout;
  #resizing;
  #watch;
  #inspection = new Inspection();
  #systemd;
  #admin; // what is told on the admin port, if there is one
  #predecessor; // the primary that this one is to follow, if there is one
  #succession; // how this one is being followed by another, once that has begun
  #isUpgrading = false;
  #lameDuck; // what is waited for before the stop, and the function that ends it
  #wasReady = false;
  #event = (name, ...about) => this.#tell(name, ...about); // for the parts

  /**
   * @param {object} cluster
   * @param {object} native the addon's `Primary`
   * @param {object} workers as a {@link Pool} takes them
   * @param {object} [options]
   */
  constructor(cluster, native, workers, options) {
    super();
    this.#native = native;
    this.#options = readOptions(options);
    this.#pool = new Pool(cluster, native, workers, this.#options, {
      event: this.#event,
      started: (member) => this.#started(member),
      failed: (error) => this.#isWaiting && this.#fail(error),
      gaveUp: () => this.#options.exitOnGiveUp && this.#exit(),
      isReplacing: () => this.#turns.areTaken,
    });
    this.#resizing = new Resizing(native, this.#pool, this.#options, {
      event: this.#event,
      isSettled: () => this.#isSettled(),
    });
    this.#rollout = new Rollout(native, this.#pool, this.#options, {
      event: this.#event,
      settled: () => this.#resizing.done(),
    });
  }

  /** Called once, by `cluster.supervise`. */
  start() {
    const { maxMemory, range, reloadSignals, signals } = this.#options;
    const pool = this.#pool;
    const workers = Math.min(Math.max(range.min, inheritance?.size ?? 0), range.max); // As many as the load wants.
    if (maxMemory > 0 || range.min < range.max) askForFigures();
    this.#systemd = setUpSystemd(this.#native); // Before the first fork, which would inherit what is meant for this process.
    if (inheritance) this.#inherit();
    this.#openAdmin();
    const first = pool.fork(0);
    // What the program has asked for is wrong; what the system has refused now, it may grant later.
    if (first.error && first.error.syscall === undefined) {
      this.#admin?.close();
      throw first.error;
    }
    pool.occupy(pool.newPlace(), first);
    while (pool.size < workers) pool.fill([pool.newPlace()]);
    pool.fillSpares();
    this.#native.keepListeners(true);
    this.#admin?.tell();
    this.#systemd.tellOf(this);
    if (signals) obeySignals(this, reloadSignals);
    this.#watch = new Watch(this.#native, pool, this.#options, {
      event: this.#event,
      look: () => this.#admin?.tell(),
      report: (worker) => this.#inspection.report(worker),
      isReplacing: () => this.#turns.areTaken,
      replace: (place) => this.#turns.take('replace', () => this.#rollout.replace([place])),
    });
    this.#resizing.follow(range);
  }

  /** What workers are to know: the place of the one that is being forked, what they are told to end with, who asks, and how long they may live alone. */
  get wishes() {
    const { finishWithoutPrimary, gracePeriod, killTimeout, stopMessage, stopSignal } = this.#options;
    return {
      __proto__: null,
      hasAdmin: this.#admin && true,
      isSupervised: true,
      place: this.#pool.placeOfNext,
      stopMessage,
      stopSignal,
      withoutPrimary: finishWithoutPrimary ? { gracePeriod, killTimeout } : undefined,
    };
  }

  #openAdmin() {
    if (this.#options.admin === undefined) return;
    if (!this.#native.openAdmin) {
      process.emitWarning("Missing admin port: it needs cluster-rs's addon", { code: 'CLUSTER_RS_FALLBACK' });
      return;
    }
    const { Admin } = require('./admin.js');
    this.#admin = new Admin(this.#native, this.#options, () => ({
      members: arrays.map(this.#pool.all, ({ member }) => member),
      size: this.size,
      ...this.#resizing.bounds,
      wasReady: this.#wasReady,
      isStopping: this.#isEnding,
      hasGivenUp: this.#pool.hasGivenUp,
    }));
    if (!this.#isWaiting) this.#native.serveAdmin(true);
  }

  /** Where the admin port is: `127.0.0.1:9464`, or a path; `undefined` if there is none. */
  get admin() {
    return this.#admin?.address;
  }

  /** How many workers there are to be. */
  get size() {
    return this.#pool.size;
  }

  /** Those in service. */
  get workers() {
    return arrays.map(this.#pool.inService, ({ member }) => member.worker);
  }

  /** Those that wait for a place. */
  get spares() {
    return arrays.map(this.#pool.spares, ({ worker }) => worker);
  }

  /**
   * Emits an event. What a listener throws is an uncaught exception, and none of this supervisor's business: all that
   * has changed has been noted before.
   */
  #tell(event, ...about) {
    this.#admin?.hear(event, about);
    publish(this, event, about);
    try {
      this.emit(event, ...about);
    } catch (error) {
      nextTick(() => {
        throw error;
      });
    }
  }

  #started({ readyIn, worker }) {
    if (this.#lameDuck) this.#native.lameDuck(worker.id);
    this.#admin?.started(readyIn);
    this.#tell('workerReady', worker);
    this.#tellWhenReady();
  }

  #tellWhenReady() {
    if (this.#wasReady || this.#pool.inService.length < this.size) return;
    if (this.#isWaiting) return this.#predecessor.ready();
    this.#wasReady = true;
    this.#tell('ready');
  }

  /** Whether it stops, or is about to. */
  get #isEnding() {
    return this.#pool.isStopping || this.#lameDuck !== undefined;
  }

  /** Whether another primary serves, and this one gets ready to follow it. */
  get #isWaiting() {
    return this.#predecessor !== undefined && this.#predecessor.isServing;
  }

  /** Takes what the primary has left that this one is to follow, and says so when it does. */
  #inherit() {
    const { Predecessor } = require('./upgrade/index.js');
    this.#pool.isHeld = true;
    this.#predecessor = new Predecessor(this.#native, inheritance, this.#options.startTimeout, {
      takeOver: (known) => this.#takeOver(known),
      totals: (totals) => this.#native.inheritTotals(totals),
      ended: (wasServing) => {
        // Its manager starts it again, and knows nothing of this process.
        if (wasServing && this.#systemd.isManaged) this.#fail(new Error('the primary that it was to follow has died'));
        else this.emit('predecessorEnded');
      },
    });
  }

  #fail({ message }) {
    this.#pool.isStopping = true;
    this.killAll();
    this.#predecessor.fail(message);
  }

  #takeOver(known) {
    if (this.#pool.isStopping) return;
    this.#pool.release();
    this.#native.takeOver();
    if (known.totals) this.#native.inheritTotals(known.totals);
    this.#rollout.closeUnused();
    this.emit('inherit', known);
    this.#tell('tookOver');
    this.#tellWhenReady();
  }

  /**
   * Starts another primary, which takes over the sockets, the connections between two requests and all that comes, when its
   * workers are ready. Then those of this one finish what they have. If it fails, nothing has changed.
   * @param {object} [command] what is started instead of what this process was started with
   * @param {string} [command.execPath]
   * @param {string[]} [command.args]
   * @param {string} [command.cwd]
   * @param {Record<string, string | undefined>} [command.env] how its variables are different; `undefined` where it is to have none
   * @returns {Promise<number>} its process id, when all workers of this one have ended. Rejects with
   *   `ERR_CLUSTER_RS_UPGRADE_FAILED`, or `ERR_CLUSTER_RS_UPGRADING` if another upgrade goes on
   */
  async upgrade(command) {
    const { Succession, checkCommand } = require('./upgrade/index.js');
    checkCommand(command, this.#native);
    if (this.#isUpgrading) throw errors.isUpgrading();
    this.#isUpgrading = true;
    let pid;
    try {
      await this.#inTurn('upgrade', async () => {
        // What they are going to listen on would be missing there.
        if (!this.#wasReady) throw errors.upgradeFailed('not all workers have been ready yet');
        if (this.#isEnding) throw errors.isStopping();
        await this.#predecessor?.gone;
        await this.#resizing.done();
        if (this.#isEnding) throw errors.isStopping(); // By now.
        this.#tell('upgrade');
        this.#succession = new Succession(this.#native, this.#pool, {
          event: this.#event,
          leave: (known) => this.emit('leave', known),
          handOver: () => {
            this.#rollout.keepUnused();
            this.emit('handOver');
          },
          isEnding: () => this.#isEnding,
        });
        pid = await this.#succession.run({ ...command }, this.#systemd.variables, this.#options.startTimeout);
      });
    } finally {
      this.#isUpgrading = false;
    }
    this.#watch.stop();
    if (!this.#succession.isStopping) this.#tell('upgraded', pid);
    if (this.#options.signals) setImmediate(exitWhenWritten); // As after a stop.
    return pid;
  }

  async #exit() {
    await this.stop({ lameDuck: false });
    await exitWhenWritten(1);
  }

  /**
   * Replaces all workers by new ones. While that goes on, further calls all wait for one more.
   * @returns {Promise<void>} rejects with `ERR_CLUSTER_RS_RELOAD_FAILED` if new ones don't start, and with
   *   `ERR_CLUSTER_RS_STOPPING` if the supervisor stops
   */
  reload() {
    return this.#inTurn('reload', () => this.#rollout.reload());
  }

  /** Ends each worker, and starts another in its place; clients wait meanwhile. */
  restart() {
    return this.#inTurn('restart', () => this.#rollout.restart());
  }

  #inTurn(what, run) {
    const runUnlessStopping = async () => {
      if (this.#pool.isStopping) throw errors.isStopping();
      await run();
    };
    return this.#pool.isStopping ? runUnlessStopping() : this.#turns.take(what, runUnlessStopping);
  }

  /**
   * Changes the number of workers, from now on to a fixed one, or to what the load wants within a range.
   * @param {number | 'max' | { min: number, max: number | 'max' }} workers
   * @returns {Promise<void>} when the new ones are ready, or those too many have ended
   */
  async scale(workers) {
    const range = rangeOf(workers);
    if (this.#pool.isStopping) throw errors.isStopping();
    if (this.#isUpgrading) throw errors.isUpgrading();
    await this.#resizing.scale(range);
  }

  /** Whether nothing goes on that changes more than a worker. */
  #isSettled() {
    const isReplacingAll = this.#turns.areTaken && this.#turns.current !== 'replace';
    return this.#wasReady && !this.#isEnding && !this.#pool.hasGivenUp && !isReplacingAll;
  }

  /** Goes on for a while as if nothing were, so that those who balance load can send their requests elsewhere. */
  async #beLameDuck() {
    const { lameDuck } = this.#options;
    if (!this.#lameDuck) {
      this.#lameDuck = {};
      this.#lameDuck.isOver = new Promise((resolve) => {
        const timer = setTimeout(resolve, lameDuck);
        this.#lameDuck.end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      for (const { member } of this.#pool.inService) this.#native.lameDuck(member.worker.id);
      this.#tell('lameDuck', lameDuck);
    }
    await this.#lameDuck.isOver;
  }

  /**
   * Ends all workers, and closes what they listened on. Fulfilled when they have ended.
   * @param {object} [options]
   * @param {boolean} [options.lameDuck] whether that begins only after `lameDuck` of the supervisor's options
   */
  async stop({ lameDuck = true } = {}) {
    const pool = this.#pool;
    if (this.#succession?.isHandingOver) {
      if (await this.#succession.finish()) {
        this.#native.keepListeners(false);
        this.#admin?.close();
        return;
      }
      lameDuck = false; // Nobody serves.
    }
    this.#succession?.kill();
    if (!pool.isStopping) this.#predecessor?.stop();
    if (!lameDuck) this.#lameDuck?.end();
    else if (this.#options.lameDuck > 0 && !pool.isStopping) await this.#beLameDuck();
    if (!pool.isStopping) {
      this.#watch?.stop();
      this.#resizing.stop();
      this.#rollout.keepUnused();
      pool.stop();
      this.#native.leaveKept();
      this.#native.keepListeners(false);
      this.#tell('stop');
    }
    await pool.left();
    this.#admin?.close();
  }

  /** Ends all workers at once, by SIGKILL. */
  killAll() {
    this.#pool.killAll();
  }

  /**
   * Opens the inspector of a worker, of which the id is given, for a while.
   * @returns {Promise<{ url: string, close: () => Promise<void> }>}
   */
  inspect(id) {
    const found = arrays.find(this.#pool.all, ({ member }) => member.worker.id === id);
    if (!found) throw errors.notInspected(id, 'there is none');
    return this.#inspection.open(found.member.worker);
  }

  /** What each worker does, in the order of their ids. */
  status() {
    const inOrder = arrays.toSorted(this.#pool.all, (a, b) => a.member.worker.id - b.member.worker.id);
    return arrays.map(inOrder, ({ member, restarts }) => {
      const { id, process: child } = member.worker;
      const figures = this.#native.workerFigures(id);
      return {
        id,
        pid: child.pid,
        place: member.worker.place,
        state: member.condition,
        ill: member.ill,
        stack: member.hang?.stack,
        uptime: Math.round(member.age),
        connections: figures?.connections ?? 0,
        requests: figures?.requests ?? 0,
        lag: figures?.lag ?? 0,
        cpu: member.takeCpu(figures?.cpu),
        memory: figures?.memory ?? memoryOf(child.pid),
        restarts,
        listeners: describeListeners(figures?.listeners ?? []),
      };
    });
  }
}

module.exports = { Supervisor };
