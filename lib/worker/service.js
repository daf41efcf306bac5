'use strict';

// The service of a worker, whichever layer serves: from when it can do its work to its end, which its primary asks for.

const { arrays } = require('../primordials.js');
const { takeDeadlySignals } = require('../exit.js');
const { LateWork } = require('./late_work.js');
const { endWithSecond, leaveToPrimary, leaveToProgram, stopSignals } = require('./signals.js');

// While it can be read, see `lib/primary/index.js`.
if (process.permission) ['draining', 'ending'].map((name) => require(`./${name}.js`));

// A worker that nobody has been connected with for so long does nothing for a client any more, in milliseconds.
const REST = 10_000;

class Service {
  #worker;
  #servers;
  #native;
  #wishes;
  #ownListener;
  #releaseOwnListeners;
  #lateWork;
  #hasBegun = false;
  #draining;

  /**
   * @param {object} worker `cluster.worker`
   * @param {object} servers the worker's {@link import('./servers.js').Servers}, or what stands for them
   * @param {object} native the addon's `Worker`, or what stands for it
   * @param {object} wishes what the primary wants of this worker
   * @param {object} [wishes.withoutPrimary] how long it may take to finish without its primary, if it is to: see `orphan.js`
   * @param {boolean} [wishes.hasAdmin] whether somebody asks for the program's own metrics
   * @param {boolean} [wishes.isSupervised] whether signals are for the primary
   * @param {string} [wishes.stopSignal] the signal that the program gets when it is drained, if it handles that
   * @param {string} [wishes.stopMessage] the message that it gets instead, if it listens for messages
   * @param {object} own
   * @param {Function} own.listener for messages, which is not the program's
   * @param {object} [own.channel] the handle of Node's channel, if that leads to the primary
   * @param {() => void} own.release has our listeners keep this worker alive no more
   */
  constructor(worker, servers, native, wishes, { listener, channel, release }) {
    this.#worker = worker;
    this.#servers = servers;
    this.#native = native;
    this.#wishes = wishes;
    this.#lateWork = new LateWork(channel);
    this.#ownListener = listener;
    this.#releaseOwnListeners = release;
  }

  /** Called when this worker begins to do its work. Until then nobody misses it when SIGTERM ends it. */
  begin() {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.noteWhatLasts();
    if (!this.#wishes.isSupervised || this.#draining) return;
    // It may have come to this process alone: then another takes over, before this one ends.
    leaveToPrimary(['SIGTERM'], () => this.#native.leaving());
  }

  /** Takes what goes on now for what goes on without clients, too. */
  noteWhatLasts() {
    this.#lateWork.note(this.#servers.timers);
  }

  /** Whether connections of this listener are for other workers. */
  movesFrom(listener) {
    return this.#draining !== undefined && this.#draining.movesFrom(listener);
  }

  /** Leaves when all that has begun is finished; see `begin` in draining.js. */
  drain(moves, kept) {
    this.#worker.exitedAfterDisconnect = true;
    this.#drain(moves, kept);
  }

  #drain(moves, kept) {
    if (this.#hasBegun && this.#servers.restingFor > REST) this.noteWhatLasts();
    if (!this.#draining) {
      const { Draining } = require('./draining.js');
      this.#draining = new Draining(this.#servers, this.#native, () => this.#drained());
    }
    this.#draining.begin(moves, kept);
  }

  /** Called when the channel has ended: the primary is gone, has given up this worker, or has agreed to it. */
  disconnected() {
    this.#draining?.stay();
    const isFinishing = this.#draining !== undefined || !this.#worker.exitedAfterDisconnect;
    const { withoutPrimary } = this.#wishes;
    if (withoutPrimary && this.#hasBegun && isFinishing) this.#finish(withoutPrimary);
    else if (!this.#worker.exitedAfterDisconnect) process.exit(0);
  }

  /** Finishes what there is, in a limited time, while somebody else may be starting at the same addresses. */
  #finish(times) {
    const { stopSignal = 'SIGTERM' } = this.#wishes;
    const end = () => {
      this.endNow();
      process.kill(process.pid, stopSignal); // It is handled.
    };
    require('./orphan.js').limit(times, end);
    endWithSecond();
    if (!this.#draining) this.#drain(true, []);
    this.#servers.stopReceiving();
  }

  /** Ends a worker without connections, and keeps it from nothing. */
  #drained() {
    if (this.#wishes.hasAdmin) require('./application_metrics.js').tellLast(this.#worker);
    const ending = require('./ending.js');
    const message = this.#isListening() ? this.#wishes.stopMessage : undefined;
    const words = { message, signals: stopSignals(this.#wishes.stopSignal) };
    this.#releaseOwnListeners();
    if (words.message === undefined && words.signals.length === 0) {
      return this.#servers.closeAll(() => ending.end(words, this.#lateWork));
    }
    this.#servers.unrefAll(); // They are the program's to close.
    ending.end(words, this.#lateWork);
  }

  /** Whether the program hears messages. */
  #isListening() {
    return (
      this.#worker.listenerCount('message') > 0 ||
      arrays.some(process.listeners('message'), (one) => one !== this.#ownListener)
    );
  }

  /** Has the next signal to end do what it does in any process. What has come before has been left to the primary. */
  endNow() {
    const { stopSignal = 'SIGTERM' } = this.#wishes;
    leaveToProgram(stopSignal);
    takeDeadlySignals(undefined);
    if (process.listenerCount(stopSignal) === 0) process.kill(process.pid, stopSignal);
  }
}

module.exports = { Service };
