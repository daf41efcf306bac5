'use strict';

// The primary that this one is to follow, as this one sees it: it serves until all is ready here.

const { Array, JSON, Promise } = require('../../primordials.js');
const { binding } = require('../../native.js');
const errors = require('../../errors.js');
const { exitWhenWritten } = require('../../exit.js');

// What it takes beyond the start of all workers, in milliseconds.
const MARGIN = 15_000;

function inherit(native, text, descriptors, events) {
  try {
    return native.inherit(text, descriptors, events);
  } catch ({ message }) {
    throw errors.nothingInherited(message);
  }
}

class Predecessor {
  /** Fulfilled when it has ended. */
  gone;

  #channel;
  #isServing = true;
  #known;
  #onTakeOver;
  #isReady = false;
  #hasBegun = false; // taking over

  /**
   * Takes what it has left.
   * @param {object} native the addon's `Primary`
   * @param {{ protocol: number, first: number, count: number, text: string }} inheritance
   * @param {number} startTimeout how long each worker may take to start, in milliseconds
   * @param {object} on
   * @param {(known?: object) => void} on.takeOver called once, when it is time to take over, with what the predecessor knows;
   *   with nothing, if that has died
   * @param {(totals: string) => void} on.totals called when it has counted all that it counts
   * @param {(wasServing: boolean) => void} on.ended called when it has ended; when it has died, if it was serving
   * @throws {Error} if it speaks another language
   */
  constructor(native, { protocol, first, count, text }, startTimeout, { takeOver, totals, ended }) {
    this.#onTakeOver = takeOver;
    let end;
    this.gone = new Promise((resolve) => (end = resolve));
    if (protocol !== binding.successionProtocol()) throw errors.otherSuccession(protocol, binding.successionProtocol());
    const descriptors = Array.from({ length: count }, (_, i) => first + i);
    this.#channel = inherit(native, text, descriptors, {
      ontext: (said) => {
        for (const message of JSON.parse(said)) {
          if (message.takeOver) this.#takeOver(message.takeOver);
          if (message.totals) totals(message.totals);
        }
      },
      onended: () => {
        this.#channel.keepAlive(false);
        const wasServing = this.#isServing;
        ended(wasServing);
        if (wasServing) this.#begin(); // There is nobody else to serve.
        end();
      },
    });
    this.#channel.keepAlive(true);
    this.#tell({ hello: { patience: startTimeout + MARGIN } });
  }

  /** Whether it still serves, and this process is to have no connections. */
  get isServing() {
    return this.#isServing;
  }

  #tell(message) {
    this.#channel.send(JSON.stringify(message));
  }

  /** Called when all workers are ready here. */
  ready() {
    this.#isReady = true;
    if (this.#known) this.#begin();
    else this.#tell({ ready: true });
  }

  #takeOver(known) {
    this.#known = known;
    if (this.#isReady) this.#begin();
  }

  #begin() {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#isServing = false;
    this.#onTakeOver(this.#known ?? {});
    this.#tell({ tookOver: true });
  }

  /** Says that this process is ending because it has been told to. */
  stop() {
    this.#tell({ stopping: true });
  }

  /** Says why this process does not follow it, and ends. */
  async fail(why) {
    this.#tell({ failed: why });
    await exitWhenWritten(1);
  }
}

module.exports = { Predecessor };
