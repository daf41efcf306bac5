'use strict';

// Who works: the members in their places, spares, those who come, and those who go. Whoever dies is followed by another.

const { clearTimeout, setTimeout } = require('node:timers');
const { Array, Boolean, Set, arrays, promises } = require('../primordials.js');
const { now } = require('../clock.js');
const errors = require('../errors.js');
const { BackOff } = require('./back_off.js');
const { Member } = require('./member.js');

/** What a {@link BackOff} is to know of a member that has ended. */
const endOf = ({ age, hasStarted }) => ({ now: now(), age, hasStarted });

/**
 * Places, as many as there are to be workers. Each has one member at a time; spares have none.
 *
 * @typedef {object} Place
 * @property {number} number
 * @property {Member | undefined} member
 * @property {number} restarts how often one has died here
 * @property {boolean} isReserved whether it is empty for a moment, and who ends that is known
 * @property {BackOff} backOff of those who die
 * @property {BackOff} replacing of attempts to replace one who is well enough to stay
 * @property {number} replaceAt when the next such attempt may be, in milliseconds of the clock
 */
class Pool {
  /** Whether nobody is to be started any more, and whoever ends is not missed. */
  isStopping = false;

  /** Whether nobody is in service, and it is vain to start others. */
  hasGivenUp = false;

  /** Whether members are kept from connections, until they are {@link release}d. */
  isHeld = false;

  /** The number of the place that the worker is for which is being forked. */
  placeOfNext;

  #cluster;
  #native;
  #setShare;
  #health;
  #options;
  #isReplacing;
  #on;
  #places = [];
  #backOffOfSpares;
  #delays = new Set(); // the timers of what is to be started
  #spares = new Set();
  #joining = new Set(); // new ones, for places whose members stay until then
  #leaving = new Set();

  /**
   * @param {object} cluster
   * @param {object} native the addon's `Primary`
   * @param {object} workers
   * @param {(worker: object, share: { isHeld?: boolean, place?: number }) => void} workers.setShare keeps connections from a
   *   worker, or no longer; gives it the clients of a place
   * @param {import('../primary/health.js').Health} workers.health
   * @param {object} options of the supervisor
   * @param {object} on
   * @param {(event: string, ...about: any[]) => void} on.event called with an event of the supervisor
   * @param {(member: Member) => void} on.started called when a member begins to serve
   * @param {(error: Error) => void} on.failed called when a member has died, or not started, and that has been told
   * @param {() => void} on.gaveUp called when it has given up, and that has been told
   * @param {() => boolean} on.isReplacing tells whether others are being started, who may do better
   */
  constructor(cluster, native, { setShare, health }, options, { isReplacing, ...on }) {
    this.#cluster = cluster;
    this.#native = native;
    this.#setShare = setShare;
    this.#health = health;
    this.#options = options;
    this.#isReplacing = isReplacing;
    this.#on = on;
    this.beginAnew();
  }

  /** Forgets which starts have failed. */
  beginAnew() {
    this.hasGivenUp = false;
    this.#backOffOfSpares = new BackOff(this.#options);
    for (const place of this.#places) place.backOff = new BackOff(this.#options);
  }

  /** How many workers there are to be. */
  get size() {
    return this.#places.length;
  }

  /** @returns {Place[]} */
  get places() {
    return [...this.#places];
  }

  has(place) {
    return arrays.includes(this.#places, place);
  }

  /** The places whose members serve. */
  get inService() {
    return arrays.filter(this.#places, ({ member }) => member?.state === 'ready');
  }

  /** The spares that could serve at once. */
  get spares() {
    return arrays.filter([...this.#spares], ({ state }) => state === 'spare');
  }

  /** The members that have places, or some of them. */
  members(places = this.#places) {
    return arrays.filter(
      arrays.map(places, ({ member }) => member),
      Boolean,
    );
  }

  /** All that have a process, with how often one in their place had died. */
  get all() {
    const others = arrays.map([...this.#spares, ...this.#joining, ...this.#leaving], (member) => ({
      member,
      restarts: 0,
    }));
    return arrays.filter([...this.#places, ...others], ({ member }) => member?.isForked);
  }

  newPlace() {
    const [backOff, replacing] = [new BackOff(this.#options), new BackOff(this.#options)];
    const number = this.#places.length;
    const place = { number, member: undefined, restarts: 0, isReserved: false, backOff, replacing, replaceAt: 0 };
    arrays.push(this.#places, place);
    return place;
  }

  /**
   * A worker, or an attempt to fork one that has failed; it does not throw.
   * @param {number} [place] the number of the place that it is for; none for a spare
   * @returns {Member}
   */
  fork(place) {
    const isSpare = place === undefined;
    const { env } = this.#options;
    const fork = () => this.#cluster.fork(typeof env === 'function' ? env(place) : env);
    this.placeOfNext = place;
    const member = new Member(fork, this.#options, { health: this.#health, isSpare });
    this.placeOfNext = undefined;
    if (!member.worker) return member;
    this.#setShare(member.worker, { isHeld: isSpare || this.isHeld, place });
    member.worker.on('ill', (why) => this.#on.event('ill', member.worker, why));
    member.worker.on('well', () => this.#on.event('well', member.worker));
    return member;
  }

  /** Gives connections to those who have been held. */
  release() {
    this.isHeld = false;
    for (const { worker } of [...this.members(), ...this.#joining]) {
      if (worker) this.#setShare(worker, { isHeld: false });
    }
  }

  /** Gives a place to a member, and looks after it until it ends. */
  occupy(place, member) {
    place.member = member;
    promises.then(
      member.started,
      () => {
        if (place.member === member && member.state === 'ready') this.#on.started(member);
      },
      (error) => place.member === member && this.#startFailed(member, error),
    );
    promises.then(member.ended, (ending) => {
      if (place.member !== member) return; // Another has its place already.
      place.member = undefined;
      this.#died(place, member, ending);
    });
  }

  /** Forks members for places that have none. */
  fill(places = this.#places) {
    for (const place of places) this.occupy(place, this.fork(place.number));
  }

  /** Ends a member that lives, and does nothing. */
  #startFailed(member, error) {
    if (member.hasEnded) return;
    member.kill();
    this.#on.event('startFailed', member.worker, error, undefined);
    this.#on.failed(error);
  }

  #died(place, member, ending) {
    if (this.isStopping || !this.has(place)) return;
    const delay = place.backOff.ended(endOf(member));
    const [spare] = this.spares;
    if (spare) this.promote(spare, place);
    if (this.hasGivenUp) return this.#tellEnd(member, ending, undefined);
    if (this.#isHopeless()) return this.#giveUp(member, ending);
    place.restarts++;
    this.#later(delay, () => {
      if (arrays.includes(this.#emptyPlaces(), place)) this.fill([place]);
      else this.fillSpares();
    });
    this.#tellEnd(member, ending, delay);
  }

  /** Whether nobody is in service or about to be, and no place is worth another try. A reload or restart is one. */
  #isHopeless() {
    const isServed = this.inService.length > 0 || this.#joining.size > 0 || this.#isReplacing();
    return !isServed && arrays.every(this.#places, ({ backOff }) => backOff.isHopeless);
  }

  /** Tells of a worker that has died, or that could not be forked. */
  #tellEnd(member, { code, signal, error }, delay) {
    if (error) this.#on.event('startFailed', member.worker, member.startFailed({ error }), delay);
    else this.#on.event('death', member.worker, code, signal, delay);
    this.#on.failed(member.startFailed({ code, signal, error }));
  }

  #giveUp(lastMember, ending) {
    this.hasGivenUp = true;
    this.startNothingMore();
    // Nobody would look after those who are starting.
    for (const member of [...this.members(), ...this.#spares]) this.#leave(member, member.kill());
    for (const place of this.#places) place.member = undefined;
    this.#spares.clear();
    this.#tellEnd(lastMember, ending, undefined);
    this.#on.event('giveUp', this.#options.maxDeaths);
    this.#on.gaveUp();
  }

  /** Does something after a while, unless all stops or is given up before. */
  #later(delay, act) {
    const timer = setTimeout(() => {
      this.#delays.delete(timer);
      act();
    }, delay);
    this.#delays.add(timer);
  }

  /** Forgets who was to be started later. */
  startNothingMore() {
    for (const timer of this.#delays) clearTimeout(timer);
    this.#delays.clear();
  }

  #emptyPlaces() {
    return arrays.filter(this.#places, ({ member, isReserved }) => member === undefined && !isReserved);
  }

  /** Puts a spare into a place that nobody has. */
  promote(spare, place) {
    this.#spares.delete(spare);
    this.#setShare(spare.worker, { isHeld: false, place: place.number });
    this.#native.promote(spare.worker.id, place.number);
    spare.activate();
    this.occupy(place, spare);
  }

  fillSpares() {
    while (this.#lacksSpares()) this.#addSpare();
  }

  /** The same, one after the other: while there is much to do, starts are to take little away from that. */
  async fillSparesInTurn() {
    try {
      while (this.#lacksSpares()) await this.#addSpare().started;
    } catch {
      // It has been told of, and is tried again.
    }
  }

  #lacksSpares() {
    return !this.isStopping && !this.hasGivenUp && this.#spares.size < this.#options.spares;
  }

  #addSpare() {
    const spare = this.fork();
    this.#spares.add(spare);
    promises.then(
      spare.started,
      () => {
        const [place] = this.#emptyPlaces();
        if (place && this.#spares.has(spare)) this.promote(spare, place);
      },
      (error) => this.#spares.has(spare) && this.#startFailed(spare, error),
    );
    promises.then(spare.ended, (ending) => {
      if (!this.#spares.delete(spare) || this.isStopping) return;
      const delay = this.#backOffOfSpares.ended(endOf(spare)); // Those in service do without.
      this.#later(delay, () => this.fillSpares());
      this.#tellEnd(spare, ending, delay);
    });
    return spare;
  }

  async endSpares() {
    const spares = [...this.#spares];
    this.#spares.clear();
    await promises.all(arrays.map(spares, (spare) => this.end(spare)));
  }

  /** Remembers a member for as long as it takes to leave. */
  async #leave(member, leaving) {
    this.#leaving.add(member);
    await leaving;
    await member.closed;
    this.#leaving.delete(member);
  }

  /**
   * Has a member finish what it does. One that hangs would only be waited for.
   * @param {Member} member
   * @param {boolean} [move] whether kept-alive connections go on at other workers
   */
  end(member, move = true) {
    const end = () => this.#native.end(member.worker.id);
    return this.#leave(member, member.isHung ? member.kill() : member.drain({ move, end }));
  }

  /** Fulfilled when all that are leaving have left, and what they have printed is here. */
  left() {
    return promises.all(arrays.map([...this.#leaving], ({ closed }) => closed));
  }

  /** Waits until all of these have started, and then has them get their places. If one of them fails, none is left. */
  async join(members, getPlaces) {
    for (const member of members) this.#joining.add(member);
    try {
      await promises.all(arrays.map(members, ({ started }) => started));
      if (this.isStopping) throw errors.isStopping();
      getPlaces();
    } catch (error) {
      await promises.all(arrays.map(members, (member) => this.#leave(member, member.kill())));
      throw this.isStopping ? errors.isStopping() : error;
    } finally {
      for (const member of members) this.#joining.delete(member);
    }
  }

  /** Adds places when there are workers for all of them; otherwise none. */
  async grow(size) {
    if (this.isStopping) throw errors.isStopping();
    const members = Array.from({ length: size - this.size }, (_, i) => this.fork(this.size + i));
    await this.join(members, () => {
      for (const member of members) this.occupy(this.newPlace(), member);
      if (!this.hasGivenUp) return;
      this.beginAnew();
      this.fill(this.#emptyPlaces());
      this.fillSpares();
    });
  }

  /** Removes places; gives what is to be waited for. */
  shrink(size) {
    const removed = arrays.splice(this.#places, size);
    return arrays.map(this.members(removed), (member) => this.end(member));
  }

  /** Empties all places; fulfilled when all members, and all spares, have finished what they had and ended. */
  async dismiss() {
    this.isStopping = true;
    this.startNothingMore();
    const members = this.members();
    for (const place of this.#places) place.member = undefined;
    await promises.all([...arrays.map(members, (member) => this.end(member)), this.endSpares()]);
  }

  /** Ends all, for good: those who serve finish what they have. */
  stop() {
    this.isStopping = true;
    this.startNothingMore();
    for (const member of this.members()) this.end(member, false);
    for (const member of this.#joining) this.#leave(member, member.kill());
    this.endSpares();
  }

  /** Ends all at once, by SIGKILL. */
  killAll() {
    for (const member of [...this.members(), ...this.#leaving, ...this.#joining, ...this.#spares]) member.kill();
  }
}

module.exports = { Pool };
