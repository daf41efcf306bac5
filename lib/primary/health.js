'use strict';

// Which workers say that they are ill: they get no new connections, as long as another is well.

const { Object, WeakMap, arrays } = require('../primordials.js');
const { now } = require('../clock.js');

class Health {
  #cluster;
  #hold;
  #isPaused;
  #records = new WeakMap(); // by worker: `{ ill, since }`, with `ill` as it was told
  #waiting = new WeakMap(); // by worker: what is to be done when it is well

  /**
   * @param {object} cluster
   * @param {object} shares
   * @param {(worker: import('cluster').Worker, isIll: boolean) => void} shares.hold keeps new connections from a worker, or no
   *   longer
   * @param {(worker: import('cluster').Worker) => boolean} shares.isPaused whether it gets none for another reason
   */
  constructor(cluster, { hold, isPaused }) {
    this.#cluster = cluster;
    this.#hold = hold;
    this.#isPaused = isPaused;
  }

  /** Why a worker is ill; `undefined` if it is not. */
  illOf(worker) {
    return this.#records.get(worker)?.ill || undefined;
  }

  /** For how many milliseconds a worker has been ill. */
  illFor(worker) {
    return this.illOf(worker) === undefined ? 0 : now() - this.#records.get(worker).since;
  }

  /** Calls `act` when a worker is well, at once if it is: one that never says how it is counts as well. */
  whenWell(worker, act) {
    const record = this.#records.get(worker);
    if (!record || record.ill === '') act();
    else this.#waiting.set(worker, act);
  }

  /**
   * Called when a worker says how it is.
   * @param {import('cluster').Worker} worker
   * @param {string | null} told why it is ill, `''` if it is well, `null` if it does not know yet
   */
  told(worker, told) {
    const wasIll = this.illOf(worker) !== undefined;
    if (!this.#records.has(worker)) this.#follow(worker);
    const ill = typeof told === 'string' ? told : null;
    const since = wasIll && ill ? this.#records.get(worker).since : now();
    this.#records.set(worker, { ill, since });
    this.apply();
    if (ill && !wasIll) this.#emit('ill', worker, ill);
    if (ill === '' && wasIll) this.#emit('well', worker);
    if (ill !== '') return;
    this.#waiting.get(worker)?.();
    this.#waiting.delete(worker);
  }

  /** Looks again when others may have to do without a worker, or no longer. */
  #follow(worker) {
    for (const event of ['listening', 'disconnect']) worker.on(event, () => this.apply());
  }

  #emit(event, worker, ...about) {
    worker.emit(event, ...about);
    this.#cluster.emit(event, worker, ...about);
  }

  #isServing(worker) {
    const { exitedAfterDisconnect, state } = worker;
    return worker.isConnected() && state === 'listening' && !exitedAfterDisconnect && !this.#isPaused(worker);
  }

  /** Keeps connections from those that are ill, unless nobody would be left to serve. */
  apply() {
    const workers = Object.values(this.#cluster.workers);
    const isIll = (worker) => this.illOf(worker) !== undefined;
    const isServed = arrays.some(workers, (worker) => !isIll(worker) && this.#isServing(worker));
    for (const worker of workers) this.#hold(worker, isServed && isIll(worker));
  }
}

module.exports = { Health };
