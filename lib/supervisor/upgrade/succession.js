'use strict';

// An upgrade, as the primary sees it that is followed by another.

const { Error, Promise, promises } = require('../../primordials.js');
const errors = require('../../errors.js');
const { Successor } = require('./successor.js');

// Where there was no memory for a copy.
const LOST = ['What is shared has not gone over to the new primary', { code: 'CLUSTER_RS_LOST' }];

class Succession {
  #native;
  #pool;
  #on;
  #successor;
  #isHandingOver = false;
  #isToEnd = false;
  #over;

  /**
   * @param {object} native the addon's `Primary`
   * @param {import('../pool.js').Pool} pool
   * @param {object} on
   * @param {(event: string, ...about: any[]) => void} on.event called with an event of the supervisor
   * @param {(known: object) => void} on.leave called when it is time to add what the successor is to know
   * @param {() => void} on.handOver called when the successor serves
   * @param {() => boolean} on.isEnding tells whether all is to end
   */
  constructor(native, pool, on) {
    this.#native = native;
    this.#pool = pool;
    this.#on = on;
  }

  /** Whether the successor is ending because it has been told to. */
  get isStopping() {
    return this.#successor.isStopping;
  }

  /**
   * Starts the successor, has it take over, and all workers of this process finish what they have. If it fails, nothing has
   * changed.
   * @param {object} command what is started, as far as that is not what this process was started with
   * @param {Record<string, string>} variables that it is to have beside those of this process
   * @param {number} startTimeout how long it may take to say how long its start will take, in milliseconds
   * @returns {Promise<number>} its process id
   */
  run(command, variables, startTimeout) {
    const run = this.#run(command, variables, startTimeout);
    this.#over = promises.then(
      run,
      () => true,
      () => false,
    );
    return run;
  }

  async #run(command, variables, startTimeout) {
    try {
      this.#successor = new Successor(this.#native, command, variables, this.#pool.size);
      await this.#successor.getReady(startTimeout);
      if (this.#on.isEnding()) throw errors.isStopping();
      const known = { totals: this.#native.totals() };
      this.#on.leave(known);
      await this.#successor.takeOver(known);
      await this.#handOver();
      return this.#successor.pid;
    } catch (error) {
      await this.#stay();
      if (this.#isToEnd || this.#on.isEnding()) throw errors.isStopping();
      const failed = errors.upgradeFailed(error.message);
      this.#on.event('upgradeFailed', failed);
      throw failed;
    }
  }

  /** Has the successor serve, and the workers of this process finish what they have. */
  async #handOver() {
    const successor = this.#successor;
    this.#native.handOver();
    this.#native.serveAdmin(false);
    this.#isHandingOver = true;
    this.#on.handOver();
    const ended = this.#pool.dismiss();
    const died = promises.then(successor.ended, (how) => {
      if (successor.isStopping) return new Promise(() => {}); // All are to end.
      throw new Error(how);
    });
    await promises.race([died, promises.then(ended, () => successor.crossed())]);
    successor.tell({ totals: this.#native.totals() });
    if (!successor.isStopping && !this.#native.leaveAllKept()) process.emitWarning(...LOST);
    successor.leave();
  }

  /** Goes on as if there had been no upgrade. */
  async #stay() {
    await this.#successor?.kill();
    if (!this.#isHandingOver) return;
    this.#isHandingOver = this.#pool.isStopping = false;
    if (this.#isToEnd) return;
    this.#native.serveAdmin(true);
    this.#pool.fill();
    this.#pool.fillSpares();
  }

  /** Whether the successor serves, and this primary is ending. */
  get isHandingOver() {
    return this.#isHandingOver;
  }

  /** Waits for that end; fulfilled with whether the successor serves then. If it does not, nobody serves. */
  finish() {
    this.#isToEnd = true;
    return this.#over;
  }

  /** Ends the successor before it serves. */
  kill() {
    this.#successor?.kill();
  }
}

module.exports = { Succession };
