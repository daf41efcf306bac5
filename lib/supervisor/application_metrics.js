'use strict';

// The metrics of the program itself, gathered from its workers for the admin port.

const { Error, Map, arrays } = require('../primordials.js');
const requests = require('../channel/requests.js');
const { BEAT } = require('../worker/heartbeat.js');
const { TOPIC } = require('../worker/application_metrics.js');
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
    requests.answerOwn(TOPIC, (families, worker) => this.#keep(worker, families));
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
    let count = 0;
    const take = async (worker) => {
      try {
        const families = await this.#ask(worker);
        count++;
        return families;
      } catch {
        return countsOf(this.#known.get(worker) ?? []); // What it has counted until it was last asked is still so.
      }
    };
    const asked = arrays.map(workers, take);
    const lists = [];
    for (const families of asked) arrays.push(lists, await families);
    return [render(aggregate([...lists, this.#past])), count];
  }

  async #ask(worker) {
    const { stillFor } = this.#native.workerFigures(worker.id) ?? {};
    if (!(stillFor < HANGS)) throw new Error(`worker ${worker.id} does not answer`);
    const families = await requests.ask(worker, TOPIC, null, ANSWER_WITHIN);
    this.#keep(worker, families);
    return families;
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
