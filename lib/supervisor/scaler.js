'use strict';

const { clearInterval, setInterval } = require('node:timers');
const { promises } = require('../primordials.js');
const { now } = require('../clock.js');
const { BackOff } = require('./back_off.js');
const { Load } = require('./load.js');
const { Scaling } = require('./scaling.js');

// How often the load is looked at, in milliseconds.
const LOOK = 200;

/** Has the number of workers follow the load. */
class Scaler {
  #options;
  #events;
  #load;
  #scaling;
  #backOff;
  #notBefore = 0;
  #timer;

  /**
   * @param {object} native the addon's `Primary`, or what stands for it
   * @param {object} options of the supervisor, with `min` and `max`
   * @param {object} events
   * @param {() => { size: number, members: object[] } | undefined} events.read gives how many workers there are to be, and
   *   those in service; nothing while that is not to change
   * @param {(size: number, reason: string) => Promise<void>} events.scale rejects if workers do not start
   * @param {(size: number, reason: string) => void} events.hold tells why so many are wanted in vain
   */
  constructor(native, options, events) {
    this.bounds = { min: options.min, max: options.max };
    this.#options = options;
    this.#events = events;
    this.#load = new Load(native);
    this.#scaling = new Scaling(options);
    this.#backOff = new BackOff(options);
    this.#timer = setInterval(() => this.#look(), LOOK).unref();
  }

  stop() {
    clearInterval(this.#timer);
  }

  #look() {
    const { hold, read, scale } = this.#events;
    const state = read();
    if (!state || now() < this.#notBefore) return;
    const decision = this.#scaling.decide(this.#load.sample(state.size, state.members));
    if (!decision) return;
    const { isHeld, reason, size } = decision;
    if (isHeld) return hold(size, reason);
    promises.then(
      scale(size, reason),
      () => (this.#backOff = new BackOff(this.#options)),
      (error) => {
        this.#notBefore = now() + this.#backOff.ended({ now: now(), age: 0, hasStarted: false });
        hold(size, error.message);
      },
    );
  }
}

module.exports = { Scaler };
