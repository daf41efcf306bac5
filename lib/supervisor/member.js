'use strict';

const { once } = require('node:events');
const errors = require('../errors.js');
const { cpuTimeOf } = require('./process_figures.js');

// How long the output of a worker that has ended is waited for, in milliseconds.
const PATIENCE = 1000;

/** How a worker ended, in words that follow its name. */
function howItEnded(code, signal) {
  if (typeof code === 'string') return `could not be started (${code})`;
  return signal ? `was ended by ${signal}` : `exited with code ${code}`;
}

/**
 * A worker under supervision: `starting`, then `ready` (or `spare`, if it has no place yet), then perhaps `draining`.
 */
class Member {
  state = 'starting';
  startedAt = Date.now();
  isHung = false;
  failure; // the error, if no process could be started
  #options;
  #cpu = { time: 0, at: performance.now() };

  /**
   * @param {import('cluster').Worker} worker just forked
   * @param {object} options of the supervisor
   * @param {boolean} isSpare
   */
  constructor(worker, options, isSpare) {
    this.worker = worker;
    this.#options = options;
    worker.on('error', () => {}); // Its end is told, with the reason.
    worker.process.once('error', (error) => {
      if (worker.process.pid === undefined) this.failure = error;
    });
    /** Fulfilled with the exit code and the signal. */
    this.ended = new Promise((resolve) => {
      worker.once('exit', (...how) => resolve(how));
      worker.process.once('error', () => this.failure && resolve([this.failure.code, null]));
    });
    /** Fulfilled when what it has printed is here, too; some other process may keep that open for ever. */
    this.closed = this.#close();
    /** Fulfilled when it can work; rejected if it dies before, or takes too long. */
    this.started = this.#start(isSpare);
    this.started.catch(() => {}); // Who waits for it hears of it.
  }

  async #close() {
    const child = this.worker.process;
    const isClosed = new Promise((resolve) => child.once('close', resolve));
    await this.ended;
    if (child.pid === undefined) return;
    let timer;
    await Promise.race([isClosed, new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE)))]);
    clearTimeout(timer);
  }

  async #start(isSpare) {
    const { startTimeout, waitReady } = this.#options;
    const stop = new AbortController();
    const timeout = setTimeout(() => stop.abort(), startTimeout);
    try {
      const isReady = once(this.worker, waitReady ? 'ready' : 'listening', { signal: stop.signal });
      const ended = await Promise.race([this.ended.then((how) => ({ how })), isReady]);
      const awaited = waitReady ? 'ready' : 'listening';
      if (ended.how) throw errors.startFailed(this.worker.id, `${howItEnded(...ended.how)} before it was ${awaited}`);
    } catch (error) {
      if (this.failure) throw this.startFailed();
      if (error.name !== 'AbortError') throw error;
      const missing = waitReady ? 'has not called cluster.worker.ready()' : 'is not listening';
      throw errors.startFailed(this.worker.id, `${missing} after ${startTimeout} ms`);
    } finally {
      clearTimeout(timeout);
      stop.abort();
    }
    if (this.state === 'starting') this.state = isSpare ? 'spare' : 'ready';
  }

  /** Why no process could be started, as an error. */
  startFailed() {
    const { cause, message } = this.failure;
    return errors.startFailed(this.worker.id, `could not be started: ${cause?.message ?? message}`);
  }

  /** Puts a spare into service. */
  activate() {
    this.state = 'ready';
    this.startedAt = Date.now();
  }

  /**
   * Has it finish what it has begun, and then end; by force, if that takes too long.
   * @param {object} options
   * @param {boolean} options.move whether kept-alive connections go on at other workers
   */
  async drain({ move }) {
    const { gracePeriod, killTimeout } = this.#options;
    const isStarting = this.state === 'starting';
    this.state = 'draining';
    const timers = [
      setTimeout(() => this.worker.process.kill('SIGTERM'), gracePeriod),
      setTimeout(() => this.worker.process.kill('SIGKILL'), gracePeriod + killTimeout),
    ];
    // There is nothing to finish yet, and nobody may be there to hear of it.
    if (isStarting) this.worker.process.kill('SIGTERM');
    this.worker.drain({ move });
    await this.ended;
    for (const timer of timers) clearTimeout(timer);
  }

  /** Ends it at once. */
  async kill() {
    this.state = 'draining';
    this.worker.process.kill('SIGKILL');
    await this.ended;
  }

  /** How much of a core it has used since this was last asked, in percent. */
  takeCpu() {
    const now = { time: cpuTimeOf(this.worker.process.pid), at: performance.now() };
    const { time, at } = this.#cpu;
    this.#cpu = now;
    return now.at > at ? Math.max(0, ((now.time - time) / (now.at - at)) * 1e5) : 0;
  }
}

module.exports = { Member, howItEnded };
