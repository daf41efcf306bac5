'use strict';

// `cluster.supervise`: keeps workers alive, and replaces them without losing a request.

const EventEmitter = require('node:events');
const errors = require('./errors.js');
const { BEAT } = require('./supervised.js');
const { Deaths } = require('./supervisor/deaths.js');
const { Member } = require('./supervisor/member.js');
const { countOf, readOptions } = require('./supervisor/options.js');
const { memoryOf } = require('./supervisor/process_figures.js');
const { obeySignals } = require('./supervisor/signals.js');
const { setUpSystemd } = require('./systemd.js');

// How often workers are looked at, in milliseconds.
const LOOK = 1000;

/**
 * What `cluster.supervise` gives; `index.d.ts` describes its methods and events.
 *
 * It has places, as many as there are to be workers. Each has one member at a time; spares have none.
 */
class Supervisor extends EventEmitter {
  #cluster;
  #native;
  #options;
  #deaths;
  #places = []; // { member, restarts, timer }
  #spares = new Set();
  #joining = new Set(); // new ones, for places whose members stay until then
  #leaving = new Set();
  #watch;
  #running; // the reload or restart that goes on
  #waiting = new Map(); // those that wait for it, by what they do
  #isReplacing = false;
  #isStopping = false;
  #wasReady = false;

  /**
   * @param {object} cluster
   * @param {object} native the addon's `Primary`
   * @param {object} [options]
   */
  constructor(cluster, native, options) {
    super();
    this.#cluster = cluster;
    this.#native = native;
    this.#options = readOptions(options);
    this.#deaths = new Deaths(this.#options);
  }

  /** Called once, by `cluster.supervise`. */
  start() {
    const { hangTimeout, signals, workers } = this.#options;
    this.#native.keepListeners(true);
    setUpSystemd(this, this.#native);
    if (signals) obeySignals(this);
    for (let i = 0; i < workers; i++) this.#addPlace();
    this.#fillSpares();
    const interval = hangTimeout > 0 ? Math.min(LOOK, Math.ceil(hangTimeout / 4)) : LOOK;
    this.#watch = setInterval(() => this.#look(), interval).unref();
  }

  /** How many workers there are to be. */
  get size() {
    return this.#places.length;
  }

  /** Those in service. */
  get workers() {
    return this.#inService().map(({ member }) => member.worker);
  }

  /** Those that wait for a place. */
  get spares() {
    return [...this.#spares].filter(({ state }) => state === 'spare').map(({ worker }) => worker);
  }

  #inService() {
    return this.#places.filter(({ member }) => member?.state === 'ready');
  }

  #addPlace() {
    const place = { member: undefined, restarts: 0, timer: undefined };
    this.#places.push(place);
    this.#occupy(place, this.#fork());
    return place;
  }

  #fork(isSpare = false) {
    return new Member(this.#cluster.fork(this.#options.env), this.#options, isSpare);
  }

  /** Gives a place to a member, and looks after it until it ends. */
  #occupy(place, member) {
    place.member = member;
    const { worker } = member;
    member.started.then(
      () => {
        if (place.member !== member || member.state !== 'ready') return;
        this.emit('workerReady', worker);
        this.#tellWhenReady();
      },
      () => {
        // It may live, and do nothing.
        if (place.member === member) member.kill();
      },
    );
    member.ended.then(([code, signal]) => {
      if (place.member !== member) return; // Another has its place already.
      place.member = undefined;
      this.#died(place, member, code, signal);
    });
  }

  #tellWhenReady() {
    if (this.#wasReady || this.#inService().length < this.size) return;
    this.#wasReady = true;
    this.emit('ready');
  }

  #died(place, member, code, signal) {
    if (this.#isStopping || !this.#places.includes(place)) return;
    const now = Date.now();
    const delay = this.#deaths.add(place, now, now - member.startedAt);
    const spare = [...this.#spares].find(({ state }) => state === 'spare');
    if (spare) {
      this.#spares.delete(spare);
      spare.activate();
      this.#occupy(place, spare);
    }
    this.emit('death', member.worker, code, signal, delay);
    if (delay === undefined) {
      this.#giveUp();
      return;
    }
    place.restarts++;
    place.timer = setTimeout(() => {
      if (this.#isStopping || !this.#places.includes(place)) return;
      if (spare) this.#fillSpares();
      else if (place.member === undefined) this.#occupy(place, this.#fork());
    }, delay);
  }

  #giveUp() {
    this.emit('giveUp', this.#options.maxDeaths);
    if (!this.#options.exitOnGiveUp) return;
    this.stop().then(() => process.exit(1));
  }

  #fillSpares() {
    while (!this.#isStopping && this.#spares.size < this.#options.spares) {
      const spare = this.#fork(true);
      this.#spares.add(spare);
      const lost = () => {
        if (!this.#spares.delete(spare) || this.#isStopping) return;
        const delay = this.#deaths.add(this.#spares, Date.now(), Date.now() - spare.startedAt);
        if (delay === undefined) this.#giveUp();
        else setTimeout(() => this.#fillSpares(), delay);
      };
      spare.started.catch(() => spare.kill());
      spare.ended.then(lost);
    }
  }

  async #endSpares() {
    const spares = [...this.#spares];
    this.#spares.clear();
    await Promise.all(spares.map((spare) => this.#leave(spare, spare.kill())));
  }

  /** Remembers a member for as long as it takes to leave. */
  async #leave(member, leaving) {
    this.#leaving.add(member);
    await leaving;
    this.#leaving.delete(member);
  }

  /** Puts new members into some places, and then ends the old ones. If one of the new ones fails, the old ones stay. */
  async #replace(places) {
    if (this.#isStopping) throw errors.isStopping();
    const members = places.map(() => this.#fork());
    for (const member of members) this.#joining.add(member);
    try {
      await Promise.all(members.map(({ started }) => started));
      if (this.#isStopping) throw errors.isStopping();
    } catch (error) {
      await Promise.all(members.map((member) => this.#leave(member, member.kill())));
      throw this.#isStopping ? errors.isStopping() : error;
    } finally {
      for (const member of members) this.#joining.delete(member);
    }
    const old = [];
    places.forEach((place, i) => {
      const isGone = !this.#places.includes(place); // There are to be fewer now.
      old.push(isGone ? members[i] : place.member);
      if (isGone) return;
      clearTimeout(place.timer);
      this.#occupy(place, members[i]);
    });
    // One that hangs would only be waited for.
    const end = (member) => this.#leave(member, member.isHung ? member.kill() : member.drain({ move: true }));
    await Promise.all(old.filter(Boolean).map(end));
  }

  /**
   * Replaces all workers by new ones. While that goes on, further calls all wait for one more.
   * @returns {Promise<void>} rejects with `ERR_CLUSTER_RS_RELOAD_FAILED`, if new ones don't start
   */
  reload() {
    return this.#inTurn('reload', () => this.#reloadAll());
  }

  /** Ends each worker, and starts another in its place; clients wait meanwhile. */
  restart() {
    return this.#inTurn('restart', () => this.#restartAll());
  }

  #inTurn(what, run) {
    if (this.#isStopping) return Promise.reject(errors.isStopping());
    if (!this.#running) {
      this.#running = run().finally(() => (this.#running = undefined));
      return this.#running;
    }
    if (!this.#waiting.has(what)) {
      const again = () => {
        this.#waiting.delete(what);
        return this.#inTurn(what, run);
      };
      this.#waiting.set(what, this.#running.then(again, again));
    }
    return this.#waiting.get(what);
  }

  async #reloadAll() {
    await this.#endSpares(); // They have the old program.
    try {
      await this.#inSteps('reload', (places) => this.#replace(places));
    } catch (error) {
      const failed = errors.reloadFailed(error.message);
      this.emit('reloadFailed', failed);
      throw failed;
    } finally {
      this.#fillSpares();
    }
    if (this.#inService().length === this.size) {
      // The new program may listen elsewhere: nobody would ever answer where only the old one did.
      this.#native.keepListeners(false);
      this.#native.keepListeners(true);
    }
    this.emit('reloaded');
  }

  async #restartAll() {
    await this.#endSpares();
    await this.#inSteps('restart', async (places) => {
      const old = places.map(({ member }) => member).filter(Boolean);
      for (const place of places) place.member = undefined;
      await Promise.all(old.map((member) => this.#leave(member, member.drain({ move: true }))));
      if (this.#isStopping) throw errors.isStopping();
      const left = places.filter((place) => this.#places.includes(place));
      for (const place of left) this.#occupy(place, this.#fork());
      await Promise.all(left.map(({ member }) => member.started));
    });
    this.#fillSpares();
  }

  async #inSteps(event, act) {
    const places = [...this.#places];
    const { step } = this.#options;
    for (let done = 0; done < places.length; done += step) {
      this.emit(event, done, places.length);
      await act(places.slice(done, done + step).filter((place) => this.#places.includes(place)));
    }
    this.emit(event, places.length, places.length);
  }

  /**
   * Changes the number of workers.
   * @param {number | 'max'} workers
   * @returns {Promise<void>} when the new ones are ready, or those too many have ended
   */
  async scale(workers) {
    const size = countOf(workers);
    if (this.#isStopping) throw errors.isStopping();
    const removed = this.#places.splice(size);
    const added = [];
    while (this.size < size) added.push(this.#addPlace());
    for (const place of removed) clearTimeout(place.timer);
    const leaving = removed.map(({ member }) => member).filter(Boolean);
    await Promise.all([
      ...added.map(({ member }) => member.started),
      ...leaving.map((member) => this.#leave(member, member.drain({ move: true }))),
    ]);
  }

  /** Ends all workers, and closes what they listened on. Fulfilled when they have ended. */
  async stop() {
    const members = this.#places.map(({ member }) => member).filter(Boolean);
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.emit('stop');
      clearInterval(this.#watch);
      for (const place of this.#places) clearTimeout(place.timer);
      for (const member of members) this.#leave(member, member.drain({ move: false }));
      for (const member of this.#joining) member.kill();
      this.#endSpares();
      this.#native.keepListeners(false);
    }
    await Promise.all([...this.#leaving].map(({ ended }) => ended));
  }

  /** Ends all workers at once, by SIGKILL. */
  killAll() {
    for (const { member } of this.#places) member?.kill();
    for (const member of [...this.#leaving, ...this.#joining, ...this.#spares]) member.kill();
  }

  /** Looks after workers that hang, or have become too large, too old, or have done enough. */
  #look() {
    for (const place of this.#inService()) {
      const { worker } = place.member;
      const reason = this.#reasonToReplace(place.member);
      if (reason === undefined || this.#isReplacing || this.#running || this.#isStopping) continue;
      this.#isReplacing = true;
      this.emit('replace', worker, reason);
      this.#replace([place])
        .catch((error) => process.emitWarning(error))
        .finally(() => (this.#isReplacing = false));
    }
  }

  #reasonToReplace(member) {
    const { hangTimeout, maxAge, maxMemory, maxRequests, replaceHung } = this.#options;
    const { worker } = member;
    const figures = this.#native.workerFigures(worker.id);
    if (!figures) return undefined;
    const stuckFor = figures.stillFor - BEAT;
    const isHung = hangTimeout > 0 && stuckFor >= hangTimeout;
    if (isHung && !member.isHung) this.emit('hang', worker, Math.round(stuckFor));
    member.isHung = isHung;
    if (isHung && replaceHung) return 'hang';
    if (maxMemory > 0 && memoryOf(worker.process.pid) > maxMemory) return 'memory';
    if (maxAge > 0 && Date.now() - member.startedAt > maxAge) return 'age';
    if (maxRequests > 0 && figures.requests >= maxRequests) return 'requests';
    return undefined;
  }

  /** What each worker does, in the order of their ids. */
  status() {
    const inPlaces = this.#places.filter(({ member }) => member).map(({ member, restarts }) => ({ member, restarts }));
    const others = [...this.#spares, ...this.#joining, ...this.#leaving].map((member) => ({ member, restarts: 0 }));
    return [...inPlaces, ...others]
      .sort((a, b) => a.member.worker.id - b.member.worker.id)
      .map(({ member, restarts }) => {
        const { id, process: child } = member.worker;
        const figures = this.#native.workerFigures(id);
        return {
          id,
          pid: child.pid,
          state: member.state,
          uptime: Date.now() - member.startedAt,
          connections: figures?.connections ?? 0,
          requests: figures?.requests ?? 0,
          lag: figures?.lag ?? 0,
          cpu: member.takeCpu(),
          memory: memoryOf(child.pid),
          restarts,
        };
      });
  }
}

module.exports = { Supervisor };
