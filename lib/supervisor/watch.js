'use strict';

// Who looks at the workers in service, tells of those that hang, and replaces those that have become too large, too old, ill,
// or have done enough.

const { clearInterval, setInterval } = require('node:timers');
const { Math, promises } = require('../primordials.js');
const { now } = require('../clock.js');
const { BackOff } = require('./back_off.js');
const { blockedFor, reasonToReplace } = require('./limits.js');

// How often workers are looked at, in milliseconds.
const LOOK = 1000;

class Watch {
  #native;
  #pool;
  #options;
  #on;
  #timer;
  #lookedAt = now();

  /**
   * @param {object} native the addon's `Primary`
   * @param {import('./pool.js').Pool} pool
   * @param {object} options of the supervisor
   * @param {object} on
   * @param {(event: string, ...about: any[]) => void} on.event called with an event of the supervisor
   * @param {() => void} on.look called each time
   * @param {(worker: object) => Promise<object>} on.report gives what a worker that hangs is doing
   * @param {() => boolean} on.isReplacing tells whether somebody is being replaced
   * @param {(place: import('./pool.js').Place) => Promise<void>} on.replace
   */
  constructor(native, pool, options, on) {
    this.#native = native;
    this.#pool = pool;
    this.#options = options;
    this.#on = on;
    const { hangTimeout } = options;
    const interval = hangTimeout > 0 ? Math.min(LOOK, Math.ceil(hangTimeout / 4)) : LOOK;
    this.#timer = setInterval(() => this.#look(interval), interval).unref();
  }

  #look(interval) {
    // This process was stopped, or busy: the workers may have been, too, and get the time to go on.
    const isLate = now() - this.#lookedAt > 2 * interval;
    this.#lookedAt = now();
    this.#on.look();
    if (isLate) return;
    for (const place of this.#pool.inService) {
      const { member } = place;
      const figures = this.#native.workerFigures(member.worker.id);
      const blocked = blockedFor(figures, this.#options);
      const wasHung = member.isHung;
      member.isHung = blocked > 0;
      if (member.isHung && !wasHung) this.#hangs(member, Math.round(blocked));
      if (!member.isHung) member.hang = undefined;
      const reason = reasonToReplace(member, figures, this.#options);
      member.wasConnected = member.worker.isConnected();
      const isTime = now() >= place.replaceAt && !this.#on.isReplacing() && !this.#pool.isStopping;
      if (reason !== undefined && isTime) this.#replace(place, reason);
    }
  }

  /** Tells of a worker that hangs and, where that is asked for, in which line. */
  async #hangs(member, blocked) {
    const { worker } = member;
    if (!this.#options.hangReport) return this.#on.event('hang', worker, blocked);
    member.isBeingReported = true;
    const report = await this.#on.report(worker);
    member.isBeingReported = false;
    if (member.isHung) member.hang = report;
    this.#on.event('hang', worker, blocked, report);
  }

  #replace(place, reason) {
    const { worker } = place.member;
    promises.then(
      this.#on.replace(place),
      () => (place.replacing = new BackOff(this.#options)),
      (error) => {
        place.replaceAt = now() + place.replacing.ended({ now: now(), age: 0, hasStarted: false });
        if (!this.#pool.isStopping) process.emitWarning(error);
      },
    );
    this.#on.event('replace', worker, reason);
  }

  stop() {
    clearInterval(this.#timer);
  }
}

module.exports = { Watch };
