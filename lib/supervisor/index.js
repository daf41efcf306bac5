'use strict';

// `cluster.supervise`: keeps workers alive, and replaces them without losing a request.

const EventEmitter = require('node:events');
const { clearInterval, clearTimeout, setInterval, setTimeout } = require('node:timers');
const {
  Array,
  Boolean,
  Error,
  Math,
  Object,
  Promise,
  Set,
  arrays,
  nextTick,
  promises,
  setImmediate,
} = require('../primordials.js');
const { now } = require('../clock.js');
const errors = require('../errors.js');
const { inheritance } = require('../startup.js');
const { describeListeners } = require('../primary/figures.js');
const { exitWhenWritten } = require('../exit.js');
const { BackOff } = require('./back_off.js');
const { blockedFor, reasonToReplace } = require('./limits.js');
const { Inspection } = require('./inspection.js');
const { Member } = require('./member.js');
const { rangeOf, readOptions } = require('./options.js');
const { askForFigures, memoryOf } = require('./process_figures.js');
const { obeySignals } = require('./signals.js');
const { setUpSystemd } = require('./systemd.js');
const { publish } = require('./tracing.js');
const { Turns } = require('./turns.js');

// While they can be read.
if (process.permission) ['admin', 'scaler', 'upgrade/index'].map((name) => require(`./${name}.js`));

// How often workers are looked at, in milliseconds.
const LOOK = 1000;

// Where there was no memory for a copy.
const LOST = ['What is shared has not gone over to the new primary', { code: 'CLUSTER_RS_LOST' }];

/** Those who have these places. */
const membersOf = (places) =>
  arrays.filter(
    arrays.map(places, ({ member }) => member),
    Boolean,
  );

/** What a {@link BackOff} is to know of a member that has ended. */
const endOf = ({ age, hasStarted }) => ({ now: now(), age, hasStarted });

/**
 * What `cluster.supervise` gives; `index.d.ts` describes its methods and events.
 *
 * It has places, as many as there are to be workers. Each has one member at a time; spares have none.
 */
class Supervisor extends EventEmitter {
  #cluster;
  #native;
  #setShare;
  #health;
  #options;
  #places = []; // { number, member, restarts, isReserved, backOff, replacing, replaceAt }
  #backOffOfSpares;
  #delays = new Set(); // the timers of what is to be started
  #spares = new Set();
  #joining = new Set(); // new ones, for places whose members stay until then
  #leaving = new Set();
  #watch;
  #turns = new Turns(); // of reloads and restarts
  #scaling = promises.resolve(); // what changes the number of places, one after the other
  #scalings = 0; // how many of these are not done
  #scaler; // has that follow the load
  #closing; // the timer for listeners that nobody uses any more
  #lookedAt = now();
  #hasGivenUp = false;
  #isStopping = false;
  #isUpgrading = false;
  #isHandingOver = false; // to the successor
  #lameDuck; // what is waited for before the stop, and the function that ends it
  #wasReady = false;

  #predecessor; // the primary that this one is to follow, if there is one
  #systemd;
  #successor; // the one that is to follow this one, while there is one
  #inspection = new Inspection();
  #admin; // what is told on the admin port, if there is one
  #placeOfNext; // the number of the place that the worker is for which is being forked

  /**
   * @param {object} cluster
   * @param {object} native the addon's `Primary`
   * @param {object} workers
   * @param {(worker: object, share: { isHeld?: boolean, place?: number }) => void} workers.setShare keeps connections from a
   *   worker, or no longer; gives it the clients of a place
   * @param {import('../primary/health.js').Health} workers.health
   * @param {object} [options]
   */
  constructor(cluster, native, { setShare, health }, options) {
    super();
    this.#cluster = cluster;
    this.#native = native;
    this.#setShare = setShare;
    this.#health = health;
    this.#options = readOptions(options);
    this.#beginAnew();
  }

  /** Forgets which starts have failed. */
  #beginAnew() {
    this.#hasGivenUp = false;
    this.#backOffOfSpares = new BackOff(this.#options);
    for (const place of this.#places) place.backOff = new BackOff(this.#options);
  }

  /** Called once, by `cluster.supervise`. */
  start() {
    const { hangTimeout, maxMemory, range, reloadSignals, signals } = this.#options;
    const workers = Math.min(Math.max(range.min, inheritance?.size ?? 0), range.max); // As many as the load wants.
    if (maxMemory > 0 || range.min < range.max) askForFigures();
    this.#systemd = setUpSystemd(this.#native); // Before the first fork, which would inherit what is meant for this process.
    if (inheritance) this.#inherit();
    this.#openAdmin();
    const first = this.#fork(0);
    // What the program has asked for is wrong; what the system has refused now, it may grant later.
    if (first.error && first.error.syscall === undefined) {
      this.#admin?.close();
      throw first.error;
    }
    this.#addPlace(first);
    for (let i = 1; i < workers; i++) this.#addPlace(this.#fork(i));
    this.#fillSpares();
    this.#native.keepListeners(true);
    this.#admin?.tell();
    this.#systemd.tellOf(this);
    if (signals) obeySignals(this, reloadSignals);
    const interval = hangTimeout > 0 ? Math.min(LOOK, Math.ceil(hangTimeout / 4)) : LOOK;
    this.#watch = setInterval(() => this.#look(interval), interval).unref();
    this.#follow(range);
  }

  /** What workers are to know: the place of the one that is being forked, what they are told to end with, who asks, and how long they may live alone. */
  get wishes() {
    const { finishWithoutPrimary, gracePeriod, killTimeout, stopMessage, stopSignal } = this.#options;
    return {
      __proto__: null,
      hasAdmin: this.#admin && true,
      isSupervised: true,
      place: this.#placeOfNext,
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
      members: arrays.map(this.#members(), ({ member }) => member),
      size: this.size,
      ...(this.#scaler?.bounds ?? { min: this.size, max: this.size }),
      wasReady: this.#wasReady,
      isStopping: this.#isStopping || this.#lameDuck !== undefined,
      hasGivenUp: this.#hasGivenUp,
    }));
    if (!this.#isWaiting) this.#native.serveAdmin(true);
  }

  /** Where the admin port is: `127.0.0.1:9464`, or a path; `undefined` if there is none. */
  get admin() {
    return this.#admin?.address;
  }

  /** How many workers there are to be. */
  get size() {
    return this.#places.length;
  }

  /** Those in service. */
  get workers() {
    return arrays.map(this.#inService(), ({ member }) => member.worker);
  }

  /** Those that wait for a place. */
  get spares() {
    return arrays.map(this.#waitingSpares(), ({ worker }) => worker);
  }

  #waitingSpares() {
    return arrays.filter([...this.#spares], ({ state }) => state === 'spare');
  }

  #inService() {
    return arrays.filter(this.#places, ({ member }) => member?.state === 'ready');
  }

  #has(place) {
    return arrays.includes(this.#places, place);
  }

  #addPlace(member) {
    this.#occupy(this.#newPlace(), member);
  }

  #newPlace() {
    const [backOff, replacing] = [new BackOff(this.#options), new BackOff(this.#options)];
    const number = this.#places.length;
    const place = { number, member: undefined, restarts: 0, isReserved: false, backOff, replacing, replaceAt: 0 };
    arrays.push(this.#places, place);
    return place;
  }

  /**
   * A worker, or an attempt to fork one that has failed; it does not throw.
   * @param {number} [place] the number of the place that it is for; none for a spare
   */
  #fork(place) {
    const isSpare = place === undefined;
    const { env } = this.#options;
    const fork = () => this.#cluster.fork(typeof env === 'function' ? env(place) : env);
    this.#placeOfNext = place;
    const member = new Member(fork, this.#options, { health: this.#health, isSpare });
    this.#placeOfNext = undefined;
    if (!member.worker) return member;
    this.#setShare(member.worker, { isHeld: isSpare || this.#isWaiting, place });
    member.worker.on('ill', (why) => this.#tell('ill', member.worker, why));
    member.worker.on('well', () => this.#tell('well', member.worker));
    return member;
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

  /** Gives a place to a member, and looks after it until it ends. */
  #occupy(place, member) {
    place.member = member;
    promises.then(
      member.started,
      () => {
        if (place.member !== member || member.state !== 'ready') return;
        if (this.#lameDuck) this.#native.lameDuck(member.worker.id);
        this.#admin?.started(member.readyIn);
        this.#tell('workerReady', member.worker);
        this.#tellWhenReady();
      },
      (error) => place.member === member && this.#startFailed(member, error),
    );
    promises.then(member.ended, (ending) => {
      if (place.member !== member) return; // Another has its place already.
      place.member = undefined;
      this.#died(place, member, ending);
    });
  }

  /** Ends a member that lives, and does nothing. */
  #startFailed(member, error) {
    if (member.hasEnded) return;
    member.kill();
    this.#tell('startFailed', member.worker, error, undefined);
    if (this.#isWaiting) this.#fail(error);
  }

  #tellWhenReady() {
    if (this.#wasReady || this.#inService().length < this.size) return;
    if (this.#isWaiting) return this.#predecessor.ready();
    this.#wasReady = true;
    this.#tell('ready');
  }

  #died(place, member, ending) {
    if (this.#isStopping || !this.#has(place)) return;
    const delay = place.backOff.ended(endOf(member));
    const [spare] = this.#waitingSpares();
    if (spare) this.#promote(spare, place);
    if (this.#hasGivenUp) return this.#tellEnd(member, ending, undefined);
    if (this.#isHopeless()) return this.#giveUp(member, ending);
    place.restarts++;
    this.#later(delay, () => {
      if (arrays.includes(this.#emptyPlaces(), place)) this.#occupy(place, this.#fork(place.number));
      else this.#fillSpares();
    });
    this.#tellEnd(member, ending, delay);
  }

  /** Whether nobody is in service, and no place is worth another try. A reload or restart is one. */
  #isHopeless() {
    const isServed = this.#inService().length > 0 || this.#turns.areTaken;
    return !isServed && arrays.every(this.#places, ({ backOff }) => backOff.isHopeless);
  }

  /** Tells of a worker that has died, or that could not be forked. */
  #tellEnd(member, { code, signal, error }, delay) {
    if (error) this.#tell('startFailed', member.worker, member.startFailed({ error }), delay);
    else this.#tell('death', member.worker, code, signal, delay);
    if (this.#isWaiting) this.#fail(member.startFailed({ code, signal, error }));
  }

  /** Whether it stops, or is about to. */
  get #isEnding() {
    return this.#isStopping || this.#lameDuck !== undefined;
  }

  /** Whether another primary serves, and this one gets ready to follow it. */
  get #isWaiting() {
    return this.#predecessor !== undefined && this.#predecessor.isServing;
  }

  /** Takes what the primary has left that this one is to follow, and says so when it does. */
  #inherit() {
    const { Predecessor } = require('./upgrade/index.js');
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
    this.#isStopping = true;
    this.killAll();
    this.#predecessor.fail(message);
  }

  #takeOver(known) {
    if (this.#isStopping) return;
    for (const member of membersOf(this.#places)) this.#setShare(member.worker, { isHeld: false });
    this.#native.takeOver();
    if (known.totals) this.#native.inheritTotals(known.totals);
    this.#closeUnused();
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
    const { Successor, checkCommand } = require('./upgrade/index.js');
    checkCommand(command, this.#native);
    if (this.#isUpgrading) throw errors.isUpgrading();
    this.#isUpgrading = true;
    let pid;
    const upgraded = this.#inTurn('upgrade', async () => {
      // What they are going to listen on would be missing there.
      if (!this.#wasReady) throw errors.upgradeFailed('not all workers have been ready yet');
      if (this.#isEnding) throw errors.isStopping();
      await this.#predecessor?.gone;
      await this.#scaling;
      this.#tell('upgrade');
      try {
        this.#successor = new Successor(this.#native, { ...command }, this.#systemd.variables, this.size);
        await this.#successor.getReady(this.#options.startTimeout);
        if (this.#isEnding) throw errors.isStopping();
        const known = { totals: this.#native.totals() };
        this.emit('leave', known);
        await this.#successor.takeOver(known);
        await this.#handOver();
        pid = this.#successor.pid;
      } catch (error) {
        await this.#stay(error);
      }
    });
    try {
      await upgraded;
    } finally {
      this.#isUpgrading = false;
    }
    if (!this.#successor.isStopping) this.#tell('upgraded', pid);
    if (this.#options.signals) setImmediate(exitWhenWritten); // As after a stop.
    return pid;
  }

  /** Has the successor serve, and the workers of this process finish what they have. */
  async #handOver() {
    this.#native.handOver();
    this.#native.serveAdmin(false);
    this.#isStopping = this.#isHandingOver = true;
    clearTimeout(this.#closing);
    this.#startNothingMore();
    const members = membersOf(this.#places);
    for (const place of this.#places) place.member = undefined;
    const ended = promises.all([...arrays.map(members, (member) => this.#end(member)), this.#endSpares()]);
    const died = promises.then(this.#successor.ended, (how) => {
      if (this.#successor.isStopping) return new Promise(() => {}); // All are to end.
      throw new Error(how);
    });
    await promises.race([died, promises.then(ended, () => this.#successor.crossed())]);
    clearInterval(this.#watch);
    this.#successor.tell({ totals: this.#native.totals() });
    if (!this.#successor.isStopping && !this.#native.leaveAllKept()) process.emitWarning(...LOST);
    this.#successor.leave();
  }

  /** Goes on as if there had been no upgrade. */
  async #stay(error) {
    const successor = this.#successor;
    await successor?.kill();
    this.#successor = undefined;
    if (this.#isHandingOver) {
      this.#isStopping = this.#isHandingOver = false;
      this.#native.serveAdmin(true);
      for (const place of this.#places) this.#occupy(place, this.#fork(place.number));
      this.#fillSpares();
    }
    if (this.#isEnding) throw errors.isStopping();
    const failed = errors.upgradeFailed(error.message);
    this.#tell('upgradeFailed', failed);
    throw failed;
  }

  /** Does something after a while, unless all stops or is given up before. */
  #later(delay, act) {
    const timer = setTimeout(() => {
      this.#delays.delete(timer);
      act();
    }, delay);
    this.#delays.add(timer);
  }

  #startNothingMore() {
    for (const timer of this.#delays) clearTimeout(timer);
    this.#delays.clear();
  }

  #emptyPlaces() {
    return arrays.filter(this.#places, ({ member, isReserved }) => member === undefined && !isReserved);
  }

  /** Puts a spare into a place that nobody has. */
  #promote(spare, place) {
    this.#spares.delete(spare);
    this.#setShare(spare.worker, { isHeld: false, place: place.number });
    this.#native.promote(spare.worker.id, place.number);
    spare.activate();
    this.#occupy(place, spare);
  }

  #giveUp(lastMember, ending) {
    const { exitOnGiveUp, maxDeaths } = this.#options;
    this.#hasGivenUp = true;
    this.#startNothingMore();
    this.#tellEnd(lastMember, ending, undefined);
    this.#tell('giveUp', maxDeaths);
    if (exitOnGiveUp) this.#exit();
  }

  async #exit() {
    await this.stop({ lameDuck: false });
    await exitWhenWritten(1);
  }

  #fillSpares() {
    while (this.#lacksSpares()) this.#addSpare();
  }

  /** The same, one after the other: while there is much to do, starts are to take little away from that. */
  async #fillSparesInTurn() {
    try {
      while (this.#lacksSpares()) await this.#addSpare().started;
    } catch {
      // It has been told of, and is tried again.
    }
  }

  #lacksSpares() {
    return !this.#isStopping && !this.#hasGivenUp && this.#spares.size < this.#options.spares;
  }

  #addSpare() {
    const spare = this.#fork();
    this.#spares.add(spare);
    promises.then(
      spare.started,
      () => {
        const [place] = this.#emptyPlaces();
        if (place && this.#spares.has(spare)) this.#promote(spare, place);
      },
      (error) => this.#spares.has(spare) && this.#startFailed(spare, error),
    );
    promises.then(spare.ended, (ending) => {
      if (!this.#spares.delete(spare) || this.#isStopping) return;
      const delay = this.#backOffOfSpares.ended(endOf(spare)); // Those in service do without.
      this.#later(delay, () => this.#fillSpares());
      this.#tellEnd(spare, ending, delay);
    });
    return spare;
  }

  async #endSpares() {
    const spares = [...this.#spares];
    this.#spares.clear();
    await promises.all(arrays.map(spares, (spare) => this.#end(spare)));
  }

  /** Remembers a member for as long as it takes to leave. */
  async #leave(member, leaving) {
    this.#leaving.add(member);
    await leaving;
    await member.closed;
    this.#leaving.delete(member);
  }

  /** Has a member finish what it does. One that hangs would only be waited for. */
  #end(member, move = true) {
    const end = () => this.#native.end(member.worker.id);
    return this.#leave(member, member.isHung ? member.kill() : member.drain({ move, end }));
  }

  /** Waits until all of these have started, and then has them get their places. If one of them fails, none is left. */
  async #join(members, getPlaces) {
    for (const member of members) this.#joining.add(member);
    try {
      await promises.all(arrays.map(members, ({ started }) => started));
      if (this.#isStopping) throw errors.isStopping();
      getPlaces();
    } catch (error) {
      await promises.all(arrays.map(members, (member) => this.#leave(member, member.kill())));
      throw this.#isStopping ? errors.isStopping() : error;
    } finally {
      for (const member of members) this.#joining.delete(member);
    }
  }

  /** Puts new members into some places, and then ends the old ones. If one of the new ones fails, the old ones stay. */
  async #replace(places) {
    if (this.#isStopping) throw errors.isStopping();
    const members = arrays.map(places, ({ number }) => this.#fork(number));
    const old = [];
    await this.#join(members, () => {
      for (let i = 0; i < places.length; i++) {
        const [place, member] = [places[i], members[i]];
        const isGone = !this.#has(place); // There are to be fewer now.
        arrays.push(old, isGone ? member : place.member);
        if (!isGone) this.#occupy(place, member);
      }
    });
    await promises.all(arrays.map(arrays.filter(old, Boolean), (member) => this.#end(member)));
  }

  /**
   * Replaces all workers by new ones. While that goes on, further calls all wait for one more.
   * @returns {Promise<void>} rejects with `ERR_CLUSTER_RS_RELOAD_FAILED` if new ones don't start, and with
   *   `ERR_CLUSTER_RS_STOPPING` if the supervisor stops
   */
  reload() {
    return this.#inTurn('reload', () => this.#reloadAll());
  }

  /** Ends each worker, and starts another in its place; clients wait meanwhile. */
  restart() {
    return this.#inTurn('restart', () => this.#restartAll());
  }

  #inTurn(what, run) {
    const runUnlessStopping = async () => {
      if (this.#isStopping) throw errors.isStopping();
      await run();
    };
    return this.#isStopping ? runUnlessStopping() : this.#turns.take(what, runUnlessStopping);
  }

  async #reloadAll() {
    await this.#scaling; // Who is about to get a place may have the old program.
    await this.#endSpares(); // They have the old program.
    try {
      await this.#inSteps('reload', (places) => this.#replace(places));
      this.#beginAnew();
    } catch (error) {
      if (this.#isStopping) throw errors.isStopping();
      const failed = errors.reloadFailed(error.message);
      this.#tell('reloadFailed', failed);
      throw failed;
    } finally {
      this.#fillSpares();
    }
    this.#closeUnused();
    this.#tell('reloaded');
  }

  /**
   * The new program may listen elsewhere: nobody would ever answer where only the old one did. It has time to open all
   * that it listens on.
   */
  #closeUnused() {
    clearTimeout(this.#closing);
    const close = () => {
      if (this.#inService().length < this.size) return;
      this.#native.keepListeners(false);
      this.#native.keepListeners(true);
    };
    this.#closing = setTimeout(close, this.#options.startTimeout).unref();
  }

  async #restartAll() {
    await this.#scaling;
    await this.#endSpares();
    try {
      await this.#inSteps('restart', async (places) => {
        const old = membersOf(places);
        for (const place of places) Object.assign(place, { member: undefined, isReserved: true });
        await promises.all(arrays.map(old, (member) => this.#end(member)));
        if (this.#isStopping) throw errors.isStopping();
        const left = arrays.filter(places, (place) => this.#has(place));
        for (const place of left) {
          place.isReserved = false;
          this.#occupy(place, this.#fork(place.number));
        }
        await promises.all(arrays.map(left, ({ member }) => member.started));
      });
      this.#beginAnew();
    } finally {
      this.#fillSpares();
    }
  }

  async #inSteps(event, act) {
    const places = [...this.#places];
    const { step } = this.#options;
    for (let done = 0; done < places.length; done += step) {
      if (this.#isStopping) throw errors.isStopping();
      this.#tell(event, done, places.length);
      const next = arrays.slice(places, done, done + step);
      await act(arrays.filter(next, (place) => this.#has(place)));
    }
    this.#tell(event, places.length, places.length);
  }

  /**
   * Changes the number of workers, from now on to a fixed one, or to what the load wants within a range.
   * @param {number | 'max' | { min: number, max: number | 'max' }} workers
   * @returns {Promise<void>} when the new ones are ready, or those too many have ended
   */
  async scale(workers) {
    const range = rangeOf(workers);
    if (range.min < range.max) askForFigures();
    if (this.#isStopping) throw errors.isStopping();
    if (this.#isUpgrading) throw errors.isUpgrading();
    await promises.all(await this.#afterScaling(() => this.#scaleTo(range)));
  }

  /** Does something when all that has changed the number of places is done. */
  async #afterScaling(act) {
    const before = this.#scaling;
    let done;
    this.#scaling = new Promise((resolve) => (done = resolve));
    this.#scalings++;
    try {
      await before;
      return await act();
    } finally {
      this.#scalings--;
      done();
    }
  }

  /** Brings the number of workers into a range; gives what is to be waited for. If one does not start, all stays as it was. */
  async #scaleTo(range) {
    let followed = this.#scaler?.bounds;
    this.#follow(undefined);
    try {
      const size = Math.min(Math.max(this.size, range.min), range.max);
      if (size > this.size) await this.#grow(size);
      followed = range;
      return this.#shrink(size);
    } finally {
      this.#follow(followed);
    }
  }

  /** Has the number of workers follow the load in this range, and in no other. */
  #follow(range) {
    this.#scaler?.stop();
    this.#scaler = undefined;
    if (range === undefined || range.min === range.max || this.#isStopping) return;
    const { Scaler } = require('./scaler.js');
    this.#scaler = new Scaler(
      this.#native,
      { ...this.#options, ...range },
      {
        read: () => (this.#isSettled() ? { size: this.size, members: membersOf(this.#inService()) } : undefined),
        scale: (size, reason) => this.#scaleByLoad(size, reason),
        hold: (size, reason) => !this.#isStopping && this.#tell('notScaled', size, reason),
      },
    );
  }

  /** Whether nothing goes on that changes more than a worker. */
  #isSettled() {
    const isEnding = this.#isStopping || this.#hasGivenUp || this.#lameDuck !== undefined;
    const isReplacingAll = this.#turns.areTaken && this.#turns.current !== 'replace';
    return this.#wasReady && !isEnding && !isReplacingAll && this.#scalings === 0;
  }

  /** Puts spares into new places at once; forks others for those that are left. */
  #scaleByLoad(size, reason) {
    const scaler = this.#scaler;
    return this.#afterScaling(async () => {
      if (this.#scaler !== scaler || this.#isStopping) return;
      const from = this.size;
      if (size < from) {
        this.#shrink(size);
        return this.#tell('scaled', from, size, reason);
      }
      try {
        for (const spare of arrays.slice(this.#waitingSpares(), 0, size - from)) this.#promote(spare, this.#newPlace());
        const ready = this.size;
        if (ready > from) this.#tell('scaled', from, ready, reason);
        if (ready === size) return;
        await this.#grow(size);
        this.#tell('scaled', ready, size, reason);
      } finally {
        this.#fillSparesInTurn();
      }
    });
  }

  /** Adds places when there are workers for all of them; otherwise none. */
  async #grow(size) {
    if (this.#isStopping) throw errors.isStopping();
    const members = Array.from({ length: size - this.size }, (_, i) => this.#fork(this.size + i));
    await this.#join(members, () => {
      for (const member of members) this.#addPlace(member);
    });
  }

  /** Removes places; gives what is to be waited for. */
  #shrink(size) {
    const removed = arrays.splice(this.#places, size);
    return arrays.map(membersOf(removed), (member) => this.#end(member));
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
      for (const { member } of this.#inService()) this.#native.lameDuck(member.worker.id);
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
    if (!this.#isHandingOver) this.#successor?.kill();
    if (!this.#isStopping) this.#predecessor?.stop();
    if (!lameDuck) this.#lameDuck?.end();
    else if (this.#options.lameDuck > 0 && !this.#isStopping) await this.#beLameDuck();
    const members = membersOf(this.#places);
    if (!this.#isStopping) {
      this.#isStopping = true;
      clearInterval(this.#watch);
      this.#scaler?.stop();
      clearTimeout(this.#closing);
      this.#startNothingMore();
      for (const member of members) this.#end(member, false);
      for (const member of this.#joining) this.#leave(member, member.kill());
      this.#endSpares();
      this.#native.leaveKept();
      this.#native.keepListeners(false);
      this.#tell('stop');
    }
    await promises.all(arrays.map([...this.#leaving], ({ closed }) => closed));
    this.#admin?.close();
  }

  /** Ends all workers at once, by SIGKILL. */
  killAll() {
    for (const { member } of this.#places) member?.kill();
    for (const member of [...this.#leaving, ...this.#joining, ...this.#spares]) member.kill();
  }

  /** Looks after workers that hang, or have become too large, too old, or have done enough. */
  #look(interval) {
    // This process was stopped, or busy: the workers may have been, too, and get the time to go on.
    const isLate = now() - this.#lookedAt > 2 * interval;
    this.#lookedAt = now();
    this.#admin?.tell();
    if (isLate) return;
    for (const place of this.#inService()) {
      const { member } = place;
      const figures = this.#native.workerFigures(member.worker.id);
      const blocked = blockedFor(figures, this.#options);
      const wasHung = member.isHung;
      member.isHung = blocked > 0;
      if (member.isHung && !wasHung) this.#hangs(member, Math.round(blocked));
      if (!member.isHung) member.hang = undefined;
      const reason = reasonToReplace(member, figures, this.#options);
      member.wasConnected = member.worker.isConnected();
      const isTime = now() >= place.replaceAt && !this.#turns.areTaken && !this.#isStopping;
      if (reason !== undefined && isTime) this.#replaceFor(place, reason);
    }
  }

  /** Tells of a worker that hangs and, where that is asked for, in which line. */
  async #hangs(member, blocked) {
    const { worker } = member;
    if (!this.#options.hangReport) return this.#tell('hang', worker, blocked);
    member.isBeingReported = true;
    const report = await this.#inspection.report(worker);
    member.isBeingReported = false;
    if (member.isHung) member.hang = report;
    this.#tell('hang', worker, blocked, report);
  }

  /**
   * Opens the inspector of a worker, of which the id is given, for a while.
   * @returns {Promise<{ url: string, close: () => Promise<void> }>}
   */
  inspect(id) {
    const found = arrays.find(this.#members(), ({ member }) => member.worker.id === id);
    if (!found) throw errors.notInspected(id, 'there is none');
    return this.#inspection.open(found.member.worker);
  }

  #replaceFor(place, reason) {
    const { worker } = place.member;
    const replaced = this.#turns.take('replace', () => this.#replace([place]));
    promises.then(
      replaced,
      () => (place.replacing = new BackOff(this.#options)),
      (error) => {
        place.replaceAt = now() + place.replacing.ended({ now: now(), age: 0, hasStarted: false });
        if (!this.#isStopping) process.emitWarning(error);
      },
    );
    this.#tell('replace', worker, reason);
  }

  /** All that have a process, with how often one in their place had died. */
  #members() {
    const others = arrays.map([...this.#spares, ...this.#joining, ...this.#leaving], (member) => ({
      member,
      restarts: 0,
    }));
    return arrays.filter([...this.#places, ...others], ({ member }) => member?.isForked);
  }

  /** What each worker does, in the order of their ids. */
  status() {
    const inOrder = arrays.toSorted(this.#members(), (a, b) => a.member.worker.id - b.member.worker.id);
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
