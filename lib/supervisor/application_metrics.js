'use strict';

// The metrics of the program itself, gathered from its workers for the admin port.

const { Error, Map, Set, arrays, promises } = require('../primordials.js');
const requests = require('../channel/requests.js');
const { BEAT } = require('../worker/heartbeat.js');
const { aggregate, countsOf, render } = require('./families.js');

// How long a worker may take to answer, in milliseconds. One that hangs is not asked.
const ANSWER_WITHIN = 1000;
const HANGS = 2 * BEAT;

class ApplicationMetrics {
  #native;
  #workers;
  #known = new Map(); // the families that each worker gave last
  #past = []; // what those have counted that have ended
  #gathering;

  /**
   * @param {object} native the addon's `Primary`
   * @param {() => import('cluster').Worker[]} workers gives those that have started
   */
  constructor(native, workers) {
    this.#native = native;
    this.#workers = workers;
    requests.answerOwn(requests.METRICS, (families, worker) => this.#keep(worker, families));
  }

  /** Called when somebody wants to know. */
  async scrape() {
    this.#native.hearScrape();
    if (this.#gathering) return; // Its end answers this one, too.
    this.#gathering = this.#gather();
    const [families, count] = await this.#gathering;
    this.#gathering = undefined;
    this.#native.giveMetrics(families, count);
  }

  async #gather() {
    const workers = arrays.filter(this.#workers(), ({ process: { connected } }) => connected);
    const answered = new Set();
    const ask = async (worker) => {
      try {
        await this.#ask(worker);
        answered.add(worker);
      } catch {
        // What it has counted until it was last asked is still so.
      }
    };
    await promises.all(arrays.map(workers, ask));
    const lists = [this.#past];
    for (const worker of workers) {
      const known = this.#known.get(worker) ?? []; // None if it has ended meanwhile: that is in the past.
      arrays.push(lists, answered.has(worker) ? known : countsOf(known));
    }
    return [render(aggregate(lists)), answered.size];
  }

  async #ask(worker) {
    const { stillFor } = this.#native.workerFigures(worker.id) ?? {};
    if (!(stillFor < HANGS)) throw new Error(`worker ${worker.id} does not answer`);
    this.#keep(worker, await requests.ask(worker, requests.METRICS, null, ANSWER_WITHIN));
  }

  #keep(worker, families) {
    if (!this.#known.has(worker)) worker.once('exit', () => this.#forget(worker));
    this.#known.set(worker, families);
  }

  /** Keeps what a worker has counted that has ended. */
  #forget(worker) {
    this.#past = countsOf(aggregate([this.#past, this.#known.get(worker)]));
    this.#known.delete(worker);
  }
}

module.exports = { ApplicationMetrics };
