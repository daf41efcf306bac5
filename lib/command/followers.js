'use strict';

// Those who follow what the workers print: `cluster-rs logs`. They hear lines, `{ worker, text }`, and `{ successor }` when
// that changes during an upgrade: from then on there are lines of two primaries, and they ask both.

const EventEmitter = require('node:events');
const { setTimeout: delay } = require('node:timers/promises');

// How often to look whether the successor has taken the name over, in milliseconds.
const LOOK_EVERY = 10;

class Followers {
  #output;
  #events = new EventEmitter().setMaxListeners(0); // `successor`, with its argument, and `upgraded`
  #successor = 'none'; // or 'starting'; 'serving' when it answers under this name

  /** @param {import('./output.js').Output} output */
  constructor(output) {
    this.#output = output;
  }

  /**
   * Follows the upgrades of a supervisor.
   * @param {import('../supervisor/index.js').Supervisor} supervisor
   * @param {() => boolean} hasName tells whether this process still answers under its name
   */
  watch(supervisor, hasName) {
    supervisor.on('upgrade', () => this.#tell('starting'));
    supervisor.on('handOver', async () => {
      while (this.#successor === 'starting' && hasName()) await delay(LOOK_EVERY);
      if (this.#successor === 'starting') this.#tell('serving');
    });
    supervisor.on('upgradeFailed', () => this.#tell('none'));
    supervisor.on('upgraded', () => this.#events.emit('upgraded'));
  }

  #tell(successor) {
    this.#successor = successor;
    this.#events.emit('successor', successor);
  }

  /**
   * Answers one of them; fulfilled when it has heard all that there will be.
   * @param {object} request
   * @param {number} request.lines how many of the last lines it wants
   * @param {boolean} request.follow whether it wants those to come, too
   * @param {boolean} [request.own] whether it wants none that the primary before has passed on: it has heard them there
   * @param {(event: object) => void} tell
   * @param {Promise<void>} gone fulfilled when it has gone
   */
  async answer({ lines, follow, own }, tell, gone) {
    for (const line of this.#output.last(lines, own)) tell(line);
    if (!follow) return;
    const tellSuccessor = (successor) => tell({ successor });
    if (this.#successor !== 'none') tellSuccessor(this.#successor);
    let end;
    const upgraded = new Promise((resolve) => (end = resolve));
    this.#output.on('line', tell);
    this.#events.on('successor', tellSuccessor).once('upgraded', end);
    await Promise.race([gone, upgraded]);
    this.#output.off('line', tell);
    this.#events.off('successor', tellSuccessor).off('upgraded', end);
  }
}

module.exports = { Followers };
