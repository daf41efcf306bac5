'use strict';

const { clearTimeout, setTimeout } = require('node:timers');
const { Math, Promise, promises } = require('../primordials.js');
const { now } = require('../clock.js');
const errors = require('../errors.js');
const { unwritten } = require('../handles.js');
const { Progress, SILENCE_OF_OUTPUT } = require('../progress.js');
const { cpuTimeOf } = require('./process_figures.js');

// How often to look whether the output of a worker that has ended is still being read, in milliseconds.
const LOOK_EVERY = 100;

/**
 * How a worker ended, in words that follow its name.
 * @param {{ code?: number | null, signal?: string | null, error?: Error }} ending
 */
function howItEnded({ code, signal, error }) {
  if (error) return `could not be started: ${error.cause?.message ?? error.message}`;
  return signal ? `was ended by ${signal}` : `exited with code ${code}`;
}

/** Fulfilled with how a worker ended; with an error, if it never had a process. */
function endOf(worker) {
  return new Promise((resolve) => {
    worker.once('exit', (code, signal) => resolve({ code, signal }));
    worker.on('error', (error) => {
      if (worker.process.pid !== undefined) return; // Its end is told, with the reason.
      worker.disconnect(); // Nobody else takes it out of `cluster.workers`.
      resolve({ error });
    });
  });
}

/**
 * A worker under supervision, or the attempt to fork one: `starting`, then `ready` (or `spare`, if it has no place yet),
 * then perhaps `draining`.
 */
class Member {
  state = 'starting';
  startedAt = now();
  readyIn; // how many milliseconds it has taken to get ready
  hasStarted = false;
  isHung = false;
  isBeingReported = false; // where it hangs is about to be known
  hang; // what is known of that, as long as it hangs
  wasConnected = true; // when it was last looked at
  #options;
  #health;
  #cpu = { time: 0, at: now() };

  /**
   * @param {() => import('cluster').Worker} fork may throw: then there is an `error`, and no `worker`
   * @param {object} options of the supervisor
   * @param {object} about
   * @param {import('../primary/health.js').Health} about.health of the workers
   * @param {boolean} about.isSpare
   */
  constructor(fork, options, { health, isSpare }) {
    this.#options = options;
    this.#health = health;
    /** Fulfilled with the exit code and the signal, or with the error because of which there is no process. */
    this.ended = this.#begin(fork);
    /** Fulfilled when what it has printed is here, too; some other process may keep that open for ever. */
    this.closed = this.#close();
    /** Fulfilled when it can work; rejected if it dies before, or takes too long. */
    this.started = this.#start(isSpare);
    promises.then(this.started, undefined, () => {}); // Who waits for it hears of it.
  }

  #begin(fork) {
    try {
      this.worker = fork();
    } catch (error) {
      this.error = error;
      return promises.resolve({ error });
    }
    return endOf(this.worker);
  }

  /** Whether it has a process, or had one. */
  get isForked() {
    return this.worker?.process.pid !== undefined;
  }

  /** For how many milliseconds it has lived, or been in service. */
  get age() {
    return now() - this.startedAt;
  }

  /** Why it is ill, as it says of itself; `undefined` if it is not. */
  get ill() {
    return this.worker && this.#health.illOf(this.worker);
  }

  /** For how many milliseconds it has been ill. */
  get illFor() {
    return this.#health.illFor(this.worker);
  }

  /** Its state; `ill` where it would be `ready`. */
  get condition() {
    return this.state === 'ready' && this.ill !== undefined ? 'ill' : this.state;
  }

  /** Whether its process has ended, or there never was one. */
  get hasEnded() {
    return !this.isForked || this.worker.isDead();
  }

  async #close() {
    if (!this.isForked) return;
    const { process: child } = this.worker;
    let isClosed = false;
    const closed = new Promise((resolve) => child.once('close', () => resolve((isClosed = true))));
    await this.ended;
    // Nothing is read as long as what this process prints has to wait for its own reader.
    const reading = new Progress(
      () => `${child.stdout?.bytesRead} ${child.stderr?.bytesRead} ${unwritten()}`,
      SILENCE_OF_OUTPUT,
    );
    while (!isClosed && reading.goesOn) {
      let timer;
      await promises.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, LOOK_EVERY)))]);
      clearTimeout(timer);
    }
  }

  async #start(isSpare) {
    const { readyAfter, startTimeout, waitReady } = this.#options;
    let timer;
    let enough;
    const outcome = await promises.race([
      this.ended,
      this.#ready(),
      new Promise((resolve) => (timer = setTimeout(resolve, startTimeout, 'late'))),
      new Promise((resolve) => (enough = readyAfter > 0 && setTimeout(resolve, readyAfter, 'ready'))),
    ]);
    clearTimeout(timer);
    clearTimeout(enough);
    if (outcome === 'late') {
      const missing = waitReady ? 'has not called cluster.worker.ready()' : 'is not listening';
      throw errors.startFailed(this.worker.id, `${this.#ail ?? missing} after ${startTimeout} ms`);
    }
    if (outcome !== 'ready') throw this.startFailed(outcome);
    this.hasStarted = true;
    this.readyIn = this.age;
    if (this.state === 'starting') this.state = isSpare ? 'spare' : 'ready';
  }

  /** What its illness is called in an error. */
  get #ail() {
    return this.ill && `is ill (${this.ill})`;
  }

  /** Fulfilled with `'ready'` when it is well, and listens or, with `waitReady`, says that it is ready, as here or as elsewhere. */
  #ready() {
    const { waitReady } = this.#options;
    return new Promise((resolve) => {
      const ready = () => this.#health.whenWell(this.worker, () => resolve('ready'));
      this.worker?.once(waitReady ? 'ready' : 'listening', ready);
      if (!waitReady) return;
      this.worker?.on('message', function hear(message) {
        if (message !== 'ready') return;
        this.off('message', hear);
        ready();
      });
    });
  }

  /** The error of one that has ended before it was ready. */
  startFailed(ending) {
    const before = this.#options.waitReady ? 'ready' : 'listening';
    const when = ending.error ? '' : ` before it was ${before}`;
    return errors.startFailed(this.worker?.id, `${howItEnded(ending)}${when}`);
  }

  /** Puts a spare into service. */
  activate() {
    this.state = 'ready';
    this.startedAt = now();
  }

  /**
   * Has it finish what it has begun, and then end; by force, if that takes too long.
   * @param {object} options
   * @param {boolean} options.move whether kept-alive connections go on at other workers
   * @param {() => void} options.end tells it that the signal which follows is for itself, and not for the primary
   */
  async drain({ move, end }) {
    if (!this.isForked) return;
    const { gracePeriod, killTimeout, stopSignal = 'SIGTERM' } = this.#options;
    const { process: child, state } = this.worker;
    // Until it listens there is nothing to finish, and nobody may be there to hear of it.
    const isServing = this.state !== 'starting' || state === 'listening';
    this.state = 'draining';
    let timer;
    const force = () => {
      end();
      child.kill(stopSignal);
      if (killTimeout > 0) timer = setTimeout(() => child.kill('SIGKILL'), killTimeout);
    };
    this.worker.drain({ move });
    if (!isServing) force();
    else if (gracePeriod > 0) timer = setTimeout(force, gracePeriod);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends it at once. */
  async kill() {
    this.state = 'draining';
    this.worker?.process.kill('SIGKILL');
    await this.ended;
  }

  /**
   * How much of a core it has used since this was last asked, in percent.
   * @param {number} [time] how many seconds it has used in all, if it has said so
   */
  takeCpu(time = cpuTimeOf(this.worker.process.pid)) {
    const taken = { time, at: now() };
    const last = this.#cpu;
    this.#cpu = taken;
    return taken.at > last.at ? Math.max(0, ((time - last.time) / (taken.at - last.at)) * 1e5) : 0;
  }
}

module.exports = { Member, howItEnded };
